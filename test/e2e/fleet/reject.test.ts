import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folderStore, readDecisions } from '../../../src/shard/index.js'
import { members, record, response } from '../../fixtures/crawl/sources/archive/warc-writer.js'
import { fleetDesk } from '../../fixtures/fleet/fleet-desk.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'
import { pairmill, problemsOf, start, tempFolder } from '../../fixtures/run/pairmill.js'
import { photos, sentence } from '../../fixtures/run/pictures.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'
import { s3Variables } from '../../fixtures/s3/s3-server.js'
import { s3Bench } from '../../fixtures/s3/s3-stores.js'

const s3 = await s3Bench()
const calm = new AbortController().signal
const pictures = 20
const numbers = Array.from({ length: pictures }, (_, n) => n)
const urlOf = (n: number) => `http://img${n % 5}.org/${n}.jpg`
const hex = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('hex')

const places = s3.why === '' ? ['a folder', 'S3'] : ['a folder']
const title = `what a fleet is never to take${whyNoServer}${s3.why}`
describe.skipIf(serverCommand === null)(title, { timeout: 300_000 }, () => {
  let server: RedisServer
  let web: TestWeb
  let bytes: readonly Buffer[]
  beforeAll(async () => {
    ;[server, web] = await Promise.all([startRedis('--maxmemory-policy', 'noeviction'), startTestWeb()])
    bytes = await photos(60_000, pictures)
    for (const n of numbers) web.picture(urlOf(n).slice('http://'.length), bytes[n]!)
  }, 180_000)
  afterAll(async () => {
    await Promise.all([server.close(), web.close(), s3.close()])
  })

  it.each(places)('is taken from no list and no archive, into %s', async (kind) => {
    const url = `${server.url}?prefix=never-${kind === 'S3' ? 's3' : 'folder'}`
    const folder = tempFolder()
    const isS3 = kind === 'S3'
    const out = isS3 ? `s3://${await s3.server.bucket('honouring')}/sets/never` : join(folder, 'out')
    const env = {
      PAIRMILL_BACKEND: url,
      ...(isS3 ? { ...s3Variables, AWS_ENDPOINT_URL_S3: s3.server.endpoint } : {}),
    }
    const list = join(folder, 'list.txt')
    writeFileSync(
      list,
      numbers
        .slice(0, 10)
        .map((n) => `${urlOf(n)} ${sentence(n)}\n`)
        .join(''),
    )
    const archive = join(folder, 'pages.warc.gz')
    const pageOf = (n: number) =>
      record({
        url: `http://site${n % 2}.test/${n}.html`,
        block: response(`<!doctype html><img src="${urlOf(n)}" alt="${sentence(n)}">`),
      })
    writeFileSync(archive, members(...numbers.slice(10).map(pageOf)))
    const never = join(folder, 'never.txt')
    const said = ['img0.org', 'site1.test', hex('sha256', bytes[1]!), hex('md5', bytes[12]!), urlOf(2)]
    writeFileSync(never, `${said.join('\n')}\n`)
    const isNever = (n: number) => n % 5 === 0 || n === 1 || n === 2 || n === 12 || (n >= 10 && n % 2 === 1)

    const before = web.seenAt('img0.org').length
    const options = [
      ...['--model', 'none', '--dedupe', 'off', '--repeated-text', 'none', '--image-delay-ms', '4'],
      ...['--batch-size', '6', '--out', out, ...web.words],
    ]
    const begun = await pairmill(['images', list, '--run', 'never', '--reject', never, ...options], env)
    expect(begun, begun.stderr).toMatchObject({ code: 0 })
    // The list is the run's: who adds to it need not name it.
    const added = await pairmill(['warc', archive, '--run', 'never'], env)
    expect(added, added.stderr).toMatchObject({ code: 0 })
    const worked = await start(['work', 'all', '--until-done', '--scratch', tempFolder()], env).ended
    expect(worked, worked.stderr).toMatchObject({ code: 0 })

    const store = isS3 ? await s3.store({ url: out, access: 'read' }) : folderStore(out)
    const reasons = new Map<string, string | null>()
    for await (const { url: image, reason } of readDecisions(store, calm)) reasons.set(image, reason)
    // Images of a page that is listed are no candidates; all others have a row.
    for (const n of numbers)
      expect(reasons.get(urlOf(n)) ?? null, urlOf(n)).toBe(
        isNever(n) && reasons.has(urlOf(n)) ? 'listed' : null,
      )
    const kept = [...reasons].filter(([, reason]) => reason === null).map(([image]) => image)
    expect(kept.sort()).toEqual(
      numbers
        .filter((n) => !isNever(n))
        .map(urlOf)
        .sort(),
    )
    expect(web.seenAt('img0.org').length).toBe(before)
    expect(await problemsOf(store)).toEqual([])
    const desk = await fleetDesk(url)
    expect(await desk.statusOf('never')).toMatchObject({ state: 'done' })
    await desk.close()
  })
})
