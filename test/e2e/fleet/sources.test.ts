import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { members, record, response } from '../../fixtures/crawl/sources/archive/warc-writer.js'
import { fleetDesk } from '../../fixtures/fleet/fleet-desk.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'
import { type ArchiveWeb, startArchiveWeb } from '../../fixtures/run/archive-web.js'
import { pairmill, pairsOf, problemsOf, start, tempFolder } from '../../fixtures/run/pairmill.js'
import { photos, sentence } from '../../fixtures/run/pictures.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const pictures = 30
const numbers = Array.from({ length: pictures }, (_, n) => n)
const urlOf = (n: number) => `http://img${n % 5}.org/${n}.jpg`
const pairsFor = (some: readonly number[]) => some.map((n) => `${urlOf(n)} ${sentence(n)}`).sort()
const pageOf = (n: number) =>
  record({
    url: `http://site.test/${n}.html`,
    block: response(`<!doctype html><img src="${urlOf(n)}" alt="${sentence(n)}">`),
  })
/** Returns when it is so; the test's own deadline ends the waiting. */
const until = async (isSo: () => Promise<boolean>) => {
  while (!(await isSo())) await new Promise((done) => setTimeout(done, 50))
}

describe.skipIf(serverCommand === null)(`sources in a fleet${whyNoServer}`, { timeout: 300_000 }, () => {
  let server: RedisServer
  let web: TestWeb
  let archives: ArchiveWeb
  beforeAll(async () => {
    ;[server, web, archives] = await Promise.all([
      startRedis('--maxmemory-policy', 'noeviction'),
      startTestWeb(),
      startArchiveWeb(),
    ])
    const bytes = await photos(50_000, pictures)
    for (const n of numbers) web.picture(urlOf(n).slice('http://'.length), bytes[n]!)
  }, 180_000)
  afterAll(async () => {
    await Promise.all([server.close(), web.close(), archives.close()])
  })
  let fleets = 0
  const open = async () => {
    const url = `${server.url}?prefix=sources-${fleets++}`
    const desk = await fleetDesk(url)
    onTestFinished(desk.close)
    return { ...desk, url }
  }
  const calm = () => [
    ...['--model', 'none', '--dedupe', 'off', '--repeated-text', 'none', '--image-delay-ms', '4'],
    ...['--batch-size', '6', ...archives.words, ...web.words],
  ]

  it('are read by as many processes as there are commands, and judged by the workers', async () => {
    const { call, worker, statusOf, url } = await open()
    const folder = tempFolder()
    const out = join(folder, 'out')
    const list = join(folder, 'list.txt')
    writeFileSync(
      list,
      ['nothing', ...numbers.slice(0, 10).map((n) => `${urlOf(n)} ${sentence(n)}`)].join('\n'),
    )
    const archive = join(folder, 'pages.warc.gz')
    writeFileSync(archive, members(...numbers.slice(10, 20).map(pageOf)))
    const more = join(folder, 'more.warc')
    writeFileSync(more, Buffer.concat(numbers.slice(20).map(pageOf)))

    // Where nothing can be read nothing is started.
    const missing = await call(['warc', `${archive}.x`, '--run', 'pics', '--out', out, ...calm()])
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no such file') })
    expect((await call(['status', 'pics'])).stderr).toContain('there is no run pics')
    const nameless = await pairmill(['warc', archive, '--backend', url, '--out', out, ...calm()])
    expect(nameless).toMatchObject({ code: 2, stderr: expect.stringContaining('--run: missing') })

    const first = await call(['images', list, '--run', 'pics', '--out', out, ...calm()])
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('pics: read to the end') })
    expect(first.stderr).toContain('list.txt line 1 is left out')
    expect(first.stderr).toContain('no worker is there yet')
    const readers = [archive, more].map((path) =>
      start(['warc', path, '--backend', url, '--run', 'pics'], {}),
    )
    for (const { ended } of readers) expect(await ended).toMatchObject({ code: 0 })
    expect(await worker('all', '--until-done').ended).toMatchObject({ code: 0 })
    expect(await pairsOf(out)).toEqual(pairsFor(numbers))
    expect(await problemsOf(out)).toEqual([])
    expect(await statusOf('pics')).toMatchObject({
      state: 'done',
      openSources: [],
      counters: { rows: 11, records: 20, archive_pages: 20, kept: pictures },
    })
    // All is read: the same command has nothing to do.
    expect(await call(['images', list, '--run', 'pics'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('read to the end'),
    })
    const changed = await call(['images', list, '--run', 'pics', '--image-size', '64'])
    expect(changed).toMatchObject({ code: 4, stderr: expect.stringContaining('--image-size') })
  })

  it('keep their run open until they are read to the end, whatever became of who read them', async () => {
    const { call, worker, statusOf, url } = await open()
    const out = join(tempFolder(), 'out')
    const times = 40
    const bytes = members(...Array.from({ length: times * pictures }, (_, i) => pageOf(i % pictures)))
    archives.put('/long.warc.gz', bytes)
    const words = [
      'warc',
      'http://archive.test/long.warc.gz',
      '--backend',
      url,
      '--run',
      'long',
      '--out',
      out,
      ...calm(),
    ]
    const killed = archives.holdFrom('/long.warc.gz', Math.floor(bytes.length * 0.6))
    const dying = start(words, {})
    await killed.reached
    // Not before: without a run there is nothing that it would wait for.
    const all = worker('all', '--until-done')
    await until(async () => ((await statusOf('long')).counters.kept ?? 0) > 0)
    dying.child.kill('SIGKILL')
    await dying.ended
    // What it gave is judged, and the run waits for the rest.
    await until(async () => (await statusOf('long')).counters.kept === pictures)
    const waiting = await statusOf('long')
    expect(waiting).toMatchObject({ state: 'running', openSources: ['http://archive.test/long.warc.gz'] })
    const shown = (await call(['status', 'long'])).stdout
    expect(shown).toContain('1 source not read to the end')
    expect(shown).toMatch(/Nobody reads them, and the run waits for them|Read by /)

    killed.release()
    const stopped = archives.holdFrom('/long.warc.gz', Math.floor(bytes.length * 0.95))
    const stopping = start(words, {})
    await stopped.reached
    expect((await statusOf('long')).workers.map(({ reads }) => reads)).toContain('long')
    stopping.child.kill('SIGINT')
    const ended = await stopping.ended
    expect(ended).toMatchObject({ code: 130, stdout: expect.stringContaining('The same command goes on') })
    stopped.release()

    const already = archives.asked.length
    expect(await start(words, {}).ended).toMatchObject({ code: 0 })
    expect(Math.max(...archives.asked.slice(already).map(([, first]) => first))).toBeGreaterThan(
      bytes.length / 4,
    )
    expect(await all.ended).toMatchObject({ code: 0 })
    expect(await pairsOf(out)).toEqual(pairsFor(numbers))
    expect((await statusOf('long')).counters).toMatchObject({
      records: times * pictures,
      candidates: pictures,
      kept: pictures,
    })
    expect(await problemsOf(out)).toEqual([])
  })

  it('that nobody reads any more are given up by stopping the run, and taken up again by resuming it', async () => {
    const { worker, statusOf, order, url } = await open()
    const out = join(tempFolder(), 'out')
    const times = 40
    const bytes = members(...Array.from({ length: times * pictures }, (_, i) => pageOf(i % pictures)))
    archives.put('/given-up.warc.gz', bytes)
    const words = [
      'warc',
      'http://archive.test/given-up.warc.gz',
      '--backend',
      url,
      '--run',
      'given',
      '--out',
      out,
      ...calm(),
    ]
    const held = archives.holdFrom('/given-up.warc.gz', Math.floor(bytes.length * 0.6))
    const dying = start(words, {})
    await held.reached
    const all = worker('all', '--until-done')
    await until(async () => ((await statusOf('given')).counters.kept ?? 0) > 0)
    dying.child.kill('SIGKILL')
    await dying.ended
    held.release()
    await until(async () => (await statusOf('given')).counters.kept === pictures)
    await order('given', 'stop')
    expect(await all.ended).toMatchObject({ code: 0 })
    expect(await problemsOf(out)).toEqual([])
    expect(await pairsOf(out)).toEqual(pairsFor(numbers))
    const refused = await start(words, {}).ended
    expect(refused).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('pairmill resume given, then the same command, goes on'),
    })
    await order('given', 'resume')
    const again = worker('all', '--until-done')
    expect(await start(words, {}).ended).toMatchObject({ code: 0 })
    expect(await again.ended).toMatchObject({ code: 0 })
    expect(await statusOf('given')).toMatchObject({ state: 'done', counters: { records: times * pictures } })
  })
})
