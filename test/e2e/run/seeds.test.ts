import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fleetDesk } from '../../fixtures/fleet/fleet-desk.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'
import { newOut, pairmill, start, tempFolder } from '../../fixtures/run/pairmill.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const robots = (text: string) => ({ headers: { 'content-type': 'text/plain' }, body: text })
const redirect = (to: string) => ({ status: 301, headers: { location: to }, body: '' })

/** Seeds of which none gives a page, each with what is said of it. */
const refused = {
  'http://gone.test/a': 'HTTP 404, the server says it is gone or forbidden (HTTP 4xx)',
  'http://shut.test/': 'robots.txt forbids the page, or could not be read (robots:disallow /)',
  'http://led.test/': /led to http:\/\/gone\.test\/b: HTTP 404, the server says it is gone/,
  'http://self.test/': /HTTP 301, redirect that leads back to where it came from/,
  'http://paper.test/': 'HTTP 200, not a web page (application/pdf)',
  'http://quiet.test/': 'HTTP 200, empty page',
  'http://left.test/out/': 'left out by --include or --exclude',
}

describe('a run none of whose seeds can be read', { timeout: 300_000 }, () => {
  let web: TestWeb
  beforeAll(async () => {
    web = await startTestWeb()
    web.serve('shut.test/robots.txt', robots('User-agent: *\nDisallow: /'))
    web.serve('led.test/', redirect('http://gone.test/b'))
    web.serve('self.test/', redirect('/'))
    web.serve('paper.test/', { headers: { 'content-type': 'application/pdf' }, body: '%PDF-1.7' })
    web.serve('quiet.test/', { headers: { 'content-type': 'text/html' }, body: '' })
    web.page('fine.test/', {})
    web.serve('map.test/', {
      headers: { 'content-type': 'application/xml' },
      body: '<urlset><url><loc>http://map.test/gone</loc></url></urlset>',
    })
    web.serve('moved.test/', redirect('http://fine.test/'))
    web.serve('near.test/', redirect('/here'))
    web.page('near.test/here', {})
  }, 60_000)
  afterAll(() => web.close())

  const common = () => ['--model', 'none', '--delay-ms', '4', '--render', 'never', ...web.words]
  const run = (out: string, ...words: readonly string[]) =>
    pairmill(['run', ...words, '--out', out, ...common()])

  it('ends with 8, and says what each of them answered; so does the same command again, until one can be read', async () => {
    const out = newOut()
    const seeds = [...Object.keys(refused), '--exclude', '*/out/*']
    const first = await run(out, ...seeds)
    expect(first.code).toBe(8)
    const lines = first.stdout.split('\n')
    expect(lines).toContain('None of the seeds could be read')
    for (const [seed, answer] of Object.entries(refused)) {
      const line = lines.find((one) => one.startsWith(`  ${seed}`)) ?? `nothing of ${seed}`
      if (typeof answer === 'string') expect(line).toBe(`  ${seed}: ${answer}`)
      else expect(line).toMatch(answer)
    }
    expect(await run(out, ...seeds)).toMatchObject({
      code: 8,
      stdout: expect.stringContaining('gone.test/a'),
    })
    const status = await pairmill(['status', out])
    expect(status).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('None of its seeds and sources could be'),
    })
    // What was read once is read.
    expect(await run(out, ...seeds, 'http://fine.test/')).toMatchObject({ code: 0 })
  })

  it('but not where one was read, were it a sitemap of nothing, or at an earlier start', async () => {
    const out = newOut()
    expect(await run(out, 'http://map.test/', 'http://gone.test/a')).toMatchObject({ code: 0 })
    const later = await run(out, 'http://map.test/', 'http://gone.test/a', 'http://gone.test/c')
    expect(later).toMatchObject({ code: 0, stdout: expect.not.stringContaining('could be read') })
  })

  it('names ten of many, and says how many more there are', async () => {
    const { code, stdout } = await run(
      newOut(),
      ...Array.from({ length: 13 }, (_, n) => `http://gone.test/${n}`),
    )
    expect(code).toBe(8)
    expect(stdout.match(/^ {2}http:\/\/gone\.test\/\d+: HTTP 404/gm)).toHaveLength(10)
    expect(stdout).toContain('\n  and 3 more\n')
  })

  it('is no such run where its time was over, or it was stopped, before anything was answered', async () => {
    web.serve('slow.test/robots.txt', robots('User-agent: *\nCrawl-delay: 3600'))
    web.page('slow.test/1', {})
    const timed = await run(newOut(), 'http://slow.test/gone', 'http://slow.test/1', '--max-time', '1s')
    expect(timed.code).toBe(0)
    const out = newOut()
    const running = start([
      'run',
      'http://slow.test/gone',
      'http://slow.test/gone2',
      '--out',
      out,
      ...common(),
    ])
    await running.said('"state":"running"')
    running.child.kill('SIGINT')
    expect(await running.ended).toMatchObject({ code: 130 })
  })

  it('says where a seed led that was sent to another host', async () => {
    const { code, stdout } = await run(
      newOut(),
      'http://moved.test/',
      'http://near.test/',
      '--max-pages',
      '5',
    )
    expect(code).toBe(0)
    expect(stdout).toContain(
      'Seeds that led to another host\n  http://moved.test/ led to http://fine.test/\n\n',
    )
  })

  const listed = (name: string, text: string): string => {
    const file = join(tempFolder(), name)
    writeFileSync(file, text)
    return file
  }

  it('nor any of its lists or archives, likewise: each place is named', async () => {
    const list = listed('rubbish.jsonl', 'one\ntwo\n')
    const images = await pairmill(['images', list, '--out', newOut(), ...common()])
    expect(images.code).toBe(8)
    expect(images.stdout).toContain('None of the sources could be read\n')
    expect(images.stdout).toMatch(/^ {2}\S*rubbish\.jsonl line 2 is left out: it cannot be read/m)
    const paths = listed('warc.paths', 'gone-1.warc.gz\ngone-2.warc.gz\n')
    const warc = await pairmill(['warc', paths, '--out', newOut(), ...common()])
    expect(warc.code).toBe(8)
    expect(warc.stdout).toMatch(
      /^ {2}\S*warc\.paths line 1 is left out: the archive is not there \(.*gone-1/m,
    )
  })

  it('but rows that are whole and of no use were read', async () => {
    const list = listed('mute.jsonl', '{"url":"http://img.test/1.jpg"}\n')
    expect(await pairmill(['images', list, '--out', newOut(), ...common()])).toMatchObject({ code: 0 })
  })

  describe.skipIf(serverCommand === null)(`in a fleet${whyNoServer}`, () => {
    let server: RedisServer
    beforeAll(async () => {
      server = await startRedis('--maxmemory-policy', 'noeviction')
    }, 180_000)
    afterAll(() => server.close())

    it('is named by status, and who reads sources of which nothing can be read ends with 8', async () => {
      const { call, worker, close } = await fleetDesk(`${server.url}?prefix=seeds`)
      try {
        const out = () => join(tempFolder(), 'out')
        const seeds = ['http://gone.test/a', 'http://led.test/']
        expect(await call(['crawl', ...seeds, '--run', 'dead', '--out', out(), ...common()])).toMatchObject({
          code: 0,
        })
        const list = listed('rubbish.jsonl', 'one\ntwo\n')
        const images = await call(['images', list, '--run', 'lists', '--out', out(), ...common()])
        expect(images).toMatchObject({
          code: 8,
          stdout: expect.stringContaining('nothing in it could be read'),
        })
        expect(await worker('all', '--until-done').ended).toMatchObject({ code: 0 })
        const status = await call(['status', 'dead'])
        expect(status.stdout).toContain('None of its seeds and sources could be read')
        expect(status.stdout).toContain('Redirects of seeds to another host: 1')
      } finally {
        await close()
      }
    })
  })
})
