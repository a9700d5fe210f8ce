import { setTimeout } from 'node:timers/promises'
import { CreateMultipartUploadCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fleetDesk } from '../../fixtures/fleet/fleet-desk.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'
import {
  newOut,
  pairmill,
  pairsOf,
  problemsOf,
  type Running,
  start,
  tempFolder,
} from '../../fixtures/run/pairmill.js'
import { seeded } from '../../fixtures/run/pictures.js'
import { keepsAll, serveSite } from '../../fixtures/run/small-site.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'
import {
  type Fault,
  type FaultyProxy,
  type ProxiedRequest,
  startFaultyProxy,
} from '../../fixtures/s3/faulty-proxy.js'
import { s3Variables } from '../../fixtures/s3/s3-server.js'
import { runNames, s3Bench } from '../../fixtures/s3/s3-stores.js'

const hosts = ['a.test', 'b.test', 'c.test']
const site = { hosts, pagesPerHost: 16, perPage: 2 }
const calm = new AbortController().signal
const seed = Number(process.env.PAIRMILL_KILL_SEED ?? Math.floor(Math.random() * 1e9))

const s3 = await s3Bench()
let web: TestWeb
let proxy: FaultyProxy
let redis: RedisServer
let wanted: string[]
const isSkipped = serverCommand === null || s3.why !== ''

beforeAll(async () => {
  if (isSkipped) return
  web = await startTestWeb()
  proxy = await startFaultyProxy(s3.server.endpoint)
  wanted = await serveSite(web, site)
}, 180_000)
afterEach(async () => {
  proxy?.meet(null)
  await redis?.close()
})
afterAll(async () => {
  await web?.close()
  await proxy?.close()
  await s3.close()
})

const s3Env = () => ({ ...s3Variables, AWS_ENDPOINT_URL_S3: proxy.endpoint })
const words = (...more: string[]) => [
  ...[...keepsAll, '--delay-ms', '20'],
  ...['--batch-size', '6', '--shard-size', '8', ...web.words, ...more],
]
const seeds = hosts.map((host) => `http://${host}/`)

/** A server and a bucket of its own, with the run `storm` that nobody works on yet. */
async function newFleet(kind: 'honouring' | 'ignoring' = 'honouring') {
  redis = await startRedis('--maxmemory-policy', 'noeviction')
  const bucket = await s3.server.bucket(kind)
  const out = `s3://${bucket}/sets/one`
  const env = { ...s3Env(), PAIRMILL_BACKEND: redis.url }
  const crawl = (run: string, place: string, more: Record<string, string> = {}) =>
    pairmill(['crawl', ...seeds, '--run', run, '--out', place, ...words()], { ...env, ...more })
  const hire = (role: string): Running =>
    start(['work', role, '--until-done', '--scratch', tempFolder()], env)
  expect(await crawl('storm', out)).toMatchObject({ code: 0 })
  return { bucket, out, env, crawl, hire }
}
type S3Fleet = Awaited<ReturnType<typeof newFleet>>

/** Every worker ends by itself, and what lies in the store is the dataset of an undisturbed run, its records, and nothing else. */
async function comesToTheSame({ out, bucket }: S3Fleet, workers: readonly Running[]): Promise<void> {
  for (const { ended } of workers) {
    const { code, signal, stderr } = await ended
    expect([code, signal], stderr).toEqual([0, null])
  }
  proxy.meet(null)
  const desk = await fleetDesk(redis.url)
  const queues = { urls: 0, buffered: 0, batches: 0, unplanned: 0, plans: 0 }
  expect(await desk.statusOf('storm')).toMatchObject({ state: 'done', queues })
  await desk.close()
  const { folder, names } = await s3.copy(out)
  expect(await pairsOf(folder)).toEqual(wanted)
  expect(names.filter((name) => !runNames.test(name))).toEqual([])
  expect(await s3.server.uploads(bucket)).toEqual([])
  const store = await s3.store({ url: out, access: 'read' })
  expect(await problemsOf(store)).toEqual([])
  const manifest = Buffer.from((await store.read('manifest.json', calm))!).toString()
  expect(JSON.parse(manifest)).toMatchObject({ complete: true, samples: wanted.length })
}

const title = `a fleet that writes to S3 (PAIRMILL_KILL_SEED=${seed})${whyNoServer}${s3.why}`
describe.skipIf(isSkipped)(title, { timeout: 400_000 }, () => {
  it('leaves a whole dataset, and nothing of what dead workers left there', async () => {
    const fleet = await newFleet()
    const begun = { Bucket: fleet.bucket, Key: 'sets/one/00000.tar' }
    await s3.server.client.send(new CreateMultipartUploadCommand(begun))
    const stray = { Bucket: fleet.bucket, Key: 'sets/one/.pairmill/parts/1-dead.tar', Body: 'half' }
    await s3.server.client.send(new PutObjectCommand(stray))
    await comesToTheSame(fleet, ['crawl', 'filter', 'shard'].map(fleet.hire))
  })

  it('comes to the same where workers are killed and one request of five is refused, cut, lost or never answered', async () => {
    const fleet = await newFleet()
    const random = seeded(seed)
    const faults: Fault[] = [
      { kind: 'status', status: 500, code: 'InternalError' },
      { kind: 'status', status: 503, code: 'SlowDown' },
      { kind: 'reset' },
      { kind: 'cut-request' },
      { kind: 'cut-answer' },
      { kind: 'lose-answer' },
    ]
    const before = proxy.log.length
    const hangs = [hang('/parts/'), hang('/00000.tar'), hang('/entries/')]
    let seen = 0
    proxy.meet((request) => {
      if (hangs.some((one) => one.befalls(request))) return { kind: 'hang' }
      return ++seen % 5 === 0 ? faults[(seen / 5) % faults.length]! : null
    })
    const workers = ['crawl', 'filter', 'filter', 'shard'].map((role) => ({
      role,
      running: fleet.hire(role),
    }))
    const kill = async (worker: (typeof workers)[number]) => {
      worker.running.child.kill('SIGKILL')
      await worker.running.ended
      worker.running = fleet.hire(worker.role)
    }
    // A request that is never answered ends with its worker: nothing else would wait less than two minutes.
    for (const [role, { heard }] of [
      ['filter', hangs[0]!],
      ['shard', hangs[1]!],
      ['shard', hangs[2]!],
    ] as const) {
      await heard
      for (const worker of workers) if (worker.role === role) await kill(worker)
      await setTimeout(500 + 1_000 * random())
      await kill(workers[Math.floor(random() * workers.length)]!)
    }
    await comesToTheSame(
      fleet,
      workers.map(({ running }) => running),
    )
    const befell = new Set(proxy.log.slice(before).map(({ fault }) => fault))
    expect(befell).toEqual(new Set([null, 'hang', ...faults.map(({ kind }) => kind)]))
  })

  it('asks no site for an image again because the store was away longer than a request is tried', async () => {
    const fleet = await newFleet()
    const before = web.seen.length
    const names = new Map<string, Set<string>>()
    let isAway = false
    // It is away from the first part on, until some batch tries to store a second one: its first was given up.
    const isBack = new Promise<void>((resolve) => {
      proxy.meet(({ method, url }) => {
        const [, batch = '', name = ''] = /\/parts\/(\d+)-(\w+)\.tar/.exec(url) ?? []
        if (method === 'PUT' && batch !== '') {
          isAway = true
          names.set(batch, (names.get(batch) ?? new Set()).add(name))
          if (names.get(batch)!.size > 1) resolve()
        }
        return isAway ? { kind: 'reset' } : null
      })
    })
    const workers = ['crawl', 'filter', 'shard'].map(fleet.hire)
    await isBack
    proxy.meet(null)
    await comesToTheSame(fleet, workers)
    const images = web.seen.slice(before).filter(({ path }) => path.endsWith('.jpg'))
    const asked = images.map(({ host, path }) => `${host}${path}`)
    expect(asked.toSorted()).toEqual([...new Set(asked)].toSorted())
    expect(asked).toHaveLength(wanted.length)
  })

  it('comes to the same with two shard workers in a store that takes no notice of conditions', async () => {
    const fleet = await newFleet('ignoring')
    await comesToTheSame(fleet, ['crawl', 'filter', 'shard', 'shard'].map(fleet.hire))
  })

  it('refuses the place of another run, and leaves one that another state writes to alone', async () => {
    const { out, env, crawl, hire } = await newFleet()
    for (const place of [out, `${out}/`, `${out}/inside`]) {
      const { code, stderr } = await crawl('other', place)
      expect([code, stderr]).toEqual([2, expect.stringContaining(`the run storm writes to ${out}`)])
    }
    const taken = `s3://${await s3.server.bucket()}/sets/two`
    const state = newOut()
    const alone = ['run', ...seeds, '--out', taken, '--backend', `pglite:${state}`, ...words()]
    expect(await pairmill([...alone, '--max-pages', '2'], env)).toMatchObject({ code: 0 })
    const { names } = await s3.copy(taken)
    const refused = await crawl('late', taken)
    const whose = `${taken} belongs to a run whose state is kept in ${state}`
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(whose)])
    // From where the store cannot be seen the run is started, and the workers see it.
    const blind = await crawl('late', taken, { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9' })
    expect([blind.code, blind.stderr]).toEqual([0, expect.stringContaining('could not be looked at')])
    const worker = hire('all')
    await worker.said(whose)
    worker.child.kill('SIGTERM')
    await worker.ended
    expect((await s3.copy(taken)).names).toEqual(names)
  })
})

/** The first PUT of such a name. `heard` resolves when it came. */
function hang(within: string) {
  let hear = () => {}
  const heard = new Promise<void>((resolve) => {
    hear = resolve
  })
  let isOver = false
  const befalls = ({ method, url }: ProxiedRequest): boolean => {
    if (isOver || method !== 'PUT' || !url.includes(within)) return false
    isOver = true
    hear()
    return true
  }
  return { heard, befalls }
}
