import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  leftovers,
  newOut,
  pagesOf,
  pairmill,
  pairsOf,
  problemsOf,
  start,
} from '../../fixtures/run/pairmill.js'
import { takesSmall } from '../../fixtures/run/pictures.js'
import { serveTree } from '../../fixtures/run/small-site.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'
import {
  type Fault,
  type FaultyProxy,
  type ProxiedRequest,
  startFaultyProxy,
} from '../../fixtures/s3/faulty-proxy.js'
import { s3Variables } from '../../fixtures/s3/s3-server.js'
import { runNames, s3Bench } from '../../fixtures/s3/s3-stores.js'

const host = 'site.test'
const pages = 15
const s3 = await s3Bench()
let web: TestWeb
let proxy: FaultyProxy
let wanted: string[]

beforeAll(async () => {
  if (s3.why !== '') return
  web = await startTestWeb()
  proxy = await startFaultyProxy(s3.server.endpoint)
  wanted = await serveTree(web, host, pages, 0)
}, 60_000)
afterEach(() => proxy?.meet(null))
afterAll(async () => {
  await web?.close()
  await proxy?.close()
  await s3.close()
})

interface Target {
  /** The dataset. */
  readonly out: string
  /** Local. */
  readonly state: string
  readonly bucket: string
}

async function newTarget(kind: 'honouring' | 'ignoring' = 'honouring'): Promise<Target> {
  const bucket = await s3.server.bucket(kind)
  return { out: `s3://${bucket}/sets/one`, state: newOut(), bucket }
}

const words = ({ out, state }: Target): string[] => [
  ...['run', `http://${host}/`, '--out', out, '--backend', `pglite:${state}`, '--model', 'none'],
  ...['--dedupe', 'off', '--batch-size', '4', '--shard-size', '10', '--delay-ms', '5'],
  ...takesSmall,
  ...web.words,
]

const env = (more: Record<string, string> = {}) => ({
  ...s3Variables,
  AWS_ENDPOINT_URL_S3: proxy.endpoint,
  ...more,
})

/** What is neither dataset nor record: nothing, where all is well. */
async function strays(target: Target, names: readonly string[]): Promise<string[]> {
  return [
    ...names.filter((name) => !runNames.test(name)),
    ...(await s3.server.uploads(target.bucket)),
    ...leftovers(target.state).filter((name) => name !== 'owner'),
  ]
}

async function expectWhole(target: Target): Promise<void> {
  expect(await problemsOf(await s3.store({ url: target.out, access: 'read' }))).toEqual([])
  const { folder, names } = await s3.copy(target.out)
  expect(await pairsOf(folder)).toEqual(wanted)
  const seen = (await pagesOf(folder)).map(({ url }) => url)
  expect(seen).toHaveLength(pages)
  expect(new Set(seen).size).toBe(pages)
  expect(await strays(target, names)).toEqual([])
}

describe.skipIf(s3.why !== '')(`a run to S3${s3.why}`, { timeout: 300_000 }, () => {
  it('leaves a dataset that verify reads from there, and tells its state there and here', async () => {
    const target = await newTarget()
    const ended = await pairmill(words(target), env())
    expect(ended.stderr).not.toContain('trouble')
    expect(ended.code).toBe(0)
    expect(ended.stdout).toContain(`Dataset: ${target.out}`)
    expect(ended.stdout).toContain(`pipe:aws s3 cp ${target.out}/{00000..`)
    expect(ended.stdout + ended.stderr).not.toMatch(/tester|testing/)
    await expectWhole(target)
    const verified = await pairmill(['verify', target.out], env())
    expect(verified.stderr).not.toContain('problem')
    expect(verified.stdout).toContain('nothing is wrong')
    expect(verified.code).toBe(0)
    for (const place of [target.out, target.state]) {
      const { stdout, code } = await pairmill(['status', place, '--json'], env())
      expect(code).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({
        state: 'done',
        dataset: target.out,
        counters: { kept: 2 * pages },
      })
    }
    const again = await pairmill(words(target), env())
    expect(again.code).toBe(0)
    await expectWhole(target)
  })

  it('goes the same way in a store that takes no notice of conditions', async () => {
    const target = await newTarget('ignoring')
    expect((await pairmill(words(target), env())).code).toBe(0)
    await expectWhole(target)
  })

  it('ends with the same pairs where one request of four is spoilt', async () => {
    const target = await newTarget()
    const faults: Fault[] = [
      { kind: 'status', status: 500, code: 'InternalError' },
      { kind: 'status', status: 503, code: 'SlowDown' },
      { kind: 'reset' },
      { kind: 'cut-request' },
      { kind: 'cut-answer' },
      { kind: 'lose-answer' },
    ]
    let seen = 0
    proxy.meet(() => (++seen % 4 === 0 ? faults[(seen / 4) % faults.length]! : null))
    const before = proxy.log.length
    const ended = await pairmill(words(target), env())
    proxy.meet(null)
    expect(ended.code).toBe(0)
    expect(new Set(proxy.log.slice(before).map(({ fault }) => fault)).size).toBe(faults.length)
    await expectWhole(target)
  })

  it.each<[string, Fault | null, (request: ProxiedRequest) => boolean]>([
    [
      'has written a part',
      { kind: 'lose-answer' },
      ({ method, url }) => method === 'PUT' && url.includes('/parts/'),
    ],
    ['writes a plan', null, ({ method, url }) => method === 'PUT' && url.includes('/plans/')],
    ['writes a shard', null, ({ method, url }) => method === 'PUT' && url.includes('/00000.tar')],
    [
      'has written an entry',
      { kind: 'lose-answer' },
      ({ method, url }) => method === 'PUT' && url.includes('/entries/'),
    ],
    [
      'has written a file of the page ledger',
      { kind: 'lose-answer' },
      ({ method, url }) => method === 'PUT' && /\/pages\/\d+\.parquet/.test(url),
    ],
  ])(
    'goes on to the same pairs when it is killed as it %s, and leaves nothing behind',
    async (_, fault, moment) => {
      const target = await newTarget()
      const running = start(words(target), env())
      proxy.meet((request) => {
        if (!moment(request)) return null
        running.child.kill('SIGKILL')
        return fault
      })
      expect((await running.ended).signal).toBe('SIGKILL')
      proxy.meet(null)
      expect((await pairmill(words(target), env())).code).toBe(0)
      await expectWhole(target)
    },
  )

  it('is refused where another state has written before, and says which', async () => {
    const target = await newTarget()
    expect((await pairmill([...words(target), '--max-pages', '2'], env())).code).toBe(0)
    const other = await pairmill(words({ ...target, state: newOut() }), env())
    expect(other.code).toBe(2)
    expect(other.stderr).toContain(`${target.out} belongs to a run whose state is kept in ${target.state}`)
  })

  it('is refused with what to do where the bucket is not there, the secret is wrong, or no local folder is given', async () => {
    const target = await newTarget()
    const missing = await pairmill(words({ ...target, out: 's3://no-such-bucket/x' }), env())
    expect([missing.code, missing.stderr]).toEqual([
      2,
      expect.stringContaining('there is no bucket no-such-bucket'),
    ])
    const denied = await pairmill(words(target), env({ AWS_SECRET_ACCESS_KEY: 'some-wrong-secret' }))
    expect([denied.code, denied.stderr]).toEqual([2, expect.stringContaining('access denied')])
    expect(denied.stderr).not.toContain('some-wrong-secret')
    const stateless = await pairmill(['run', `http://${host}/`, '--out', target.out, ...web.words], env())
    expect([stateless.code, stateless.stderr]).toEqual([
      2,
      expect.stringContaining('--backend: must be given with --out s3://'),
    ])
    const unread = await pairmill(['verify', 's3://no-such-bucket/x'], env())
    expect([unread.code, unread.stderr]).toEqual([
      2,
      expect.stringContaining('there is no bucket no-such-bucket'),
    ])
    const nothing = await pairmill(['verify', target.out], env())
    expect([nothing.code, nothing.stdout]).toEqual([1, `${target.out}: nothing is committed here\n`])
  })
})
