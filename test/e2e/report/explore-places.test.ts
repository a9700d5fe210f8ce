import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type {
  ExplorerState,
  LiveAnswer,
  PairRow,
  Rows,
  SearchAnswer,
} from '../../../src/report/explore/explore-data.js'
import { executePlan, type S3Settings, s3Store } from '../../../src/shard/index.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'
import { addressOf } from '../../fixtures/report/explorer-process.js'
import { pairmill, start, tempFolder } from '../../fixtures/run/pairmill.js'
import { keepsAll, serveSite } from '../../fixtures/run/small-site.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'
import { s3Variables, startS3Server } from '../../fixtures/s3/s3-server.js'
import { calm, planOf } from '../../fixtures/shard/dataset-fixture.js'

/** What an explorer answers to a path of its own. */
const answerOf = async <T>(url: string, path: string): Promise<T> => {
  const response = await fetch(`${url}api/${path}`)
  expect(response.status, path).toBe(200)
  return (await response.json()) as T
}

const started = await startS3Server()
const s3 = 'unavailable' in started ? null : started
const whyNoS3 = 'unavailable' in started ? ` (skipped: ${started.unavailable})` : ''
afterAll(() => s3?.close())

describe.skipIf(s3 === null)(`an explorer of a dataset on S3${whyNoS3}`, { timeout: 120_000 }, () => {
  it('shows its pairs with their pictures, and finds what is like one', async () => {
    const place = `s3://${await s3?.bucket()}/sets/birds`
    const settings: S3Settings = { endpoint: s3?.endpoint ?? null, region: null, pathStyle: null }
    const store = await s3Store({ url: place, settings, scratchDir: tempFolder(), access: 'write' }, calm)
    if ('message' in store) throw new Error(store.message)
    const plan = await planOf(store, [{ kept: 9, rejected: 4 }], { shardSize: 4, shards: 3 })
    await executePlan({ store }, plan, () => {}, calm)
    await store.close()
    const env = { ...s3Variables, AWS_ENDPOINT_URL: s3?.endpoint ?? '', AWS_REGION: 'us-east-1' }
    const explorer = start(['explore', place, '--port', '0'], env)
    const url = await addressOf(explorer)
    expect(await answerOf<ExplorerState>(url, 'state')).toMatchObject({ pairs: 9, rejected: 4, shards: 3 })
    const { rows } = await answerOf<Rows<PairRow>>(url, 'pairs')
    expect(rows).toHaveLength(9)
    const key = rows[0]?.key
    const picture = await fetch(`${url}api/picture?key=${key}`)
    expect(picture.headers.get('content-type')).toBe('image/jpeg')
    const imagesRead = async () => (await answerOf<ExplorerState>(url, 'state')).search.images
    await expect.poll(imagesRead, { timeout: 60_000 }).toBe(9)
    const like = await answerOf<SearchAnswer>(url, `search?key=${key}`)
    expect(like.found.map(({ pair }) => pair.key).sort()).toEqual(rows.slice(1).map((row) => row.key))
    explorer.child.kill('SIGTERM')
    expect((await explorer.ended).code).toBe(143)
  })
})

describe.skipIf(serverCommand === null)(`an explorer of a fleet${whyNoServer}`, { timeout: 240_000 }, () => {
  let server: RedisServer
  let web: TestWeb
  beforeAll(async () => {
    ;[server, web] = await Promise.all([startRedis('--maxmemory-policy', 'noeviction'), startTestWeb()])
  }, 180_000)
  afterAll(async () => {
    await Promise.all([server?.close(), web?.close()])
  })

  it('follows a run by its name, from before any worker is there until it is done', async () => {
    const wanted = await serveSite(web, { hosts: ['a.test'], pagesPerHost: 6, perPage: 2 })
    const out = join(tempFolder(), 'out')
    const backend = ['--backend', server.url]
    const words = ['--run', 'birds', '--out', out, ...keepsAll, '--delay-ms', '4', ...web.words]
    expect(await pairmill(['crawl', 'http://a.test/', ...words, ...backend])).toMatchObject({ code: 0 })
    const explorer = start(['explore', 'birds', '--port', '0', ...backend])
    const url = await addressOf(explorer)
    const live = () => answerOf<LiveAnswer>(url, 'live')
    expect(await live()).toMatchObject({ run: 'birds', isGoingOn: true, workers: [] })
    const worker = start(['work', 'all', '--until-done', '--scratch', tempFolder(), ...backend])
    await expect.poll(async () => (await live()).workers.length, { timeout: 120_000 }).toBe(1)
    expect((await worker.ended).code).toBe(0)
    await expect.poll(async () => (await live()).isGoingOn, { timeout: 60_000 }).toBe(false)
    const pairs = async () => (await answerOf<Rows<PairRow>>(url, 'pairs')).rows.length
    await expect.poll(pairs, { timeout: 120_000 }).toBe(wanted.length)
    explorer.child.kill('SIGTERM')
    expect((await explorer.ended).code).toBe(143)
  })
})
