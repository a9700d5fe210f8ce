import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClaimedPorts, claimPorts } from '../../fixtures/net/claimed-ports.js'
import { attemptsOf, countersOf, type Ended, newOut, pairmill, pairsOf } from '../../fixtures/run/pairmill.js'
import { photo, sentence } from '../../fixtures/run/pictures.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

/** A host is left alone for longer and longer before it is given up, which takes this test a minute and a half of waiting. */
describe('a run among hosts whose robots.txt cannot be had', { timeout: 60_000 }, () => {
  let web: TestWeb
  let dead: ClaimedPorts
  let out: string
  let ended: Ended

  beforeAll(async () => {
    web = await startTestWeb()
    for (const host of ['broken.test', 'broken-img.test'])
      web.serve(`${host}/robots.txt`, { status: 500, body: 'out of order' })
    for (const host of ['broken.test', 'broken-img.test']) web.page(`${host}/`, {})
    web.picture('fine.test/a.jpg', await photo(5000))
    web.picture('broken-img.test/a.jpg', await photo(5001))
    web.page('fine.test/', {
      images: [
        '/a.jpg',
        'http://broken-img.test/a.jpg',
        'http://dead-img.test/a.jpg',
        'http://inside-img.test/a.jpg',
      ].map((src, n) => ({ src, alt: sentence(n) })),
    })
    // Nothing listens on it.
    dead = await claimPorts(1)
    out = newOut()
    const seeds = ['http://fine.test/', 'http://broken.test/', 'http://dead.test/', 'http://inside.test/']
    const elsewhere = (hosts: readonly string[], to: string) =>
      hosts.flatMap((host) => ['--connect-to', `${host}::${to}`])
    const refused = [
      ...elsewhere(['dead.test', 'dead-img.test'], `127.0.0.1:${dead.first}`),
      ...elsewhere(['inside.test', 'inside-img.test'], '10.0.0.1:80'),
    ]
    const options = [
      '--model',
      'none',
      '--delay-ms',
      '20',
      '--batch-size',
      '3',
      '--image-delay-ms',
      '0',
      '--contact',
      'ada@example.org',
    ]
    ended = await pairmill(['run', ...seeds, '--out', out, ...options, ...refused, ...web.words])
  }, 300_000)
  afterAll(async () => {
    await web.close()
    await dead.release()
  })

  it('gives them up with a reason, and ends well', async () => {
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(await countersOf(out)).toMatchObject({
      pages: 1,
      kept: 1,
      'page_skipped:host_stalled': 2,
      'page_skipped:address_refused': 1,
    })
    expect(await pairsOf(out)).toEqual([`http://fine.test/a.jpg ${sentence(0)}`])
    const reasons = (await attemptsOf(out)).map(({ url, reason }) => [url, reason])
    expect(Object.fromEntries(reasons)).toEqual({
      'http://fine.test/a.jpg': null,
      'http://broken-img.test/a.jpg': 'robots_unreachable',
      'http://dead-img.test/a.jpg': 'robots_unreachable',
      'http://inside-img.test/a.jpg': 'address_refused',
    })
  })

  /** A busy machine makes a pause as much longer as it likes; none is shorter than is due. */
  const expectPauses = (host: string, leastMs: readonly number[]) => {
    const times = web.seenAt(host).map(({ timeMs }) => timeMs)
    expect(times).toHaveLength(leastMs.length + 1)
    for (const [n, least] of leastMs.entries())
      expect(times[n + 1]! - times[n]!).toBeGreaterThanOrEqual(least - 100)
  }

  it('has asked them for nothing but their robots.txt, and each time after a longer pause', () => {
    for (const host of ['broken.test', 'broken-img.test']) {
      expect(new Set(web.seenAt(host).map(({ path }) => path))).toEqual(new Set(['/robots.txt']))
    }
    expectPauses('broken.test', [2_000, 6_000, 18_000, 54_000])
  })

  it('has asked for an image once less than for a page, and given it up sooner', () => {
    expectPauses('broken-img.test', [2_000, 6_000, 18_000])
    const spanOf = (host: string) => {
      const times = web.seenAt(host).map(({ timeMs }) => timeMs)
      return times.at(-1)! - times[0]!
    }
    expect(spanOf('broken-img.test')).toBeLessThan(spanOf('broken.test'))
  })
})
