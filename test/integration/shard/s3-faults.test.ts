import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, describe, expect, it, onTestFinished } from 'vitest'
import {
  compileDataset,
  executePlan,
  folderStore,
  type Plan,
  removePlanParts,
  type Store,
  s3Store,
  sweepParts,
  verifyDataset,
  writePlan,
} from '../../../src/shard/index.js'
import { pieceBytes } from '../../../src/shard/s3/pieces.js'
import { type Fault, type FaultyProxy, startFaultyProxy } from '../../fixtures/s3/faulty-proxy.js'
import { quickPace, s3Bench } from '../../fixtures/s3/s3-stores.js'
import { calm, datasetInfo, planOf, sha256, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

const s3 = await s3Bench()
const proxy: FaultyProxy | null = s3.why === '' ? await startFaultyProxy(s3.server.endpoint) : null
afterEach(() => proxy?.meet(null))
afterAll(async () => {
  await proxy?.close()
  await s3.close()
})

/** The last piece is short. */
const threePieces = 2 * pieceBytes + 1

const storeBehindProxy = () => s3.store({ endpoint: proxy!.endpoint, pace: quickPace })

async function builtFile(store: Store, size: number): Promise<{ path: string; sum: string }> {
  const bytes = randomBytes(size)
  const path = join(await store.scratch(), 'built')
  await writeFile(path, bytes)
  return { path, sum: sha256(bytes) }
}

/** Every so many requests one is spoilt. */
function every(nth: number, fault: Fault): () => Fault | null {
  let seen = 0
  return () => (++seen % nth === 0 ? fault : null)
}

/** The whole life of a dataset; answers its plan. */
async function writeDataset(store: Store): Promise<Plan> {
  const plan = await planOf(store, [
    { kept: 9, rejected: 3, losers: 1 },
    { kept: 8, rejected: 2 },
  ])
  await writePlan(store, plan, calm)
  await executePlan({ store }, plan, () => {}, calm)
  await compileDataset(store, datasetInfo, calm)
  await removePlanParts(store, plan, calm)
  return plan
}

async function sumsOf(store: Store): Promise<Map<string, string>> {
  const all = new Map<string, string>()
  for (const prefix of [
    '',
    '.pairmill/entries/',
    '.pairmill/generations/',
    '.pairmill/plans/',
    '.pairmill/parts/',
    '.pairmill/probe/',
  ]) {
    for await (const { name } of store.list(prefix, calm)) {
      all.set(name, (await store.sums(name, ['sha256'], calm))!.sha256)
    }
  }
  return all
}

const bucketOf = (store: Store) => /^s3:\/\/([^/]+)/.exec(store.url)![1]!
const keyOf = (store: Store, name: string) => `${store.url.split('/').slice(3).join('/')}/${name}`

/** Uploads under way to one store, by name. */
async function uploadsOf(store: Store): Promise<string[]> {
  const keys = await s3.server.uploads(bucketOf(store))
  return keys.filter((key) => key.startsWith(keyOf(store, '')))
}

const troubles: readonly (readonly [string, number, Fault])[] = [
  ['answers 500', 3, { kind: 'status', status: 500, code: 'InternalError' }],
  ['answers 503 SlowDown', 3, { kind: 'status', status: 503, code: 'SlowDown' }],
  ['resets connections', 3, { kind: 'reset' }],
  ['is cut off from the bodies it reads', 3, { kind: 'cut-request' }],
  ['cuts the bodies it answers with', 3, { kind: 'cut-answer' }],
  ['does its work and loses the answer', 3, { kind: 'lose-answer' }],
  ['hangs', 11, { kind: 'hang' }],
]

describe.skipIf(s3.why !== '')(`an S3 store that fails at times${s3.why}`, () => {
  it.each(troubles)(
    'which %s (one request of %i) ends with the same dataset, byte for byte',
    async (_, nth, fault) => {
      const store = await storeBehindProxy()
      const undisturbed = folderStore(await tempFolder())
      await writeDataset(undisturbed)
      proxy!.meet(every(nth, fault))
      const before = proxy!.log.length
      await writeDataset(store)
      const found = await verifyDataset(store, () => {}, calm)
      proxy!.meet(null)
      expect(proxy!.log.slice(before).filter((one) => one.fault !== null).length).toBeGreaterThan(2)
      expect(found).toMatchObject({ problems: [], shards: 2, samples: 16, underWay: [] })
      expect(await sumsOf(store)).toEqual(await sumsOf(undisturbed))
      expect(await readdir(await store.scratch())).toEqual([])
    },
    60_000,
  )

  it.each(troubles)(
    'which %s (one request of %i) takes and gives a file of several pieces whole',
    async (_, nth, fault) => {
      const store = await storeBehindProxy()
      const { path, sum } = await builtFile(store, threePieces)
      proxy!.meet(every(nth, fault))
      expect(await store.putFile('a.tar', path, { ifAbsent: true }, calm)).toBe('stored')
      const copy = await store.localCopy('a.tar', calm)
      expect(sha256(await readFile(copy!.path))).toBe(sum)
      await copy!.release()
      expect((await store.sums('a.tar', ['sha256'], calm))!.sha256).toBe(sum)
      proxy!.meet(null)
      // Where an answer was lost, an upload was begun whose number nobody knows: the sweep takes it back.
      await store.sweep(0, calm)
      expect(await uploadsOf(store)).toEqual([])
    },
    60_000,
  )

  it('knows its own write where the answer was lost, and another one where that came first', async () => {
    const store = await storeBehindProxy()
    let puts = 0
    proxy!.meet(({ method }) => (method === 'PUT' && puts++ === 0 ? { kind: 'lose-answer' } : null))
    expect(await store.putBytes('plan', Buffer.from('mine'), { ifAbsent: true }, calm)).toBe('stored')
    expect(puts).toBe(2)
    puts = 0
    expect(await store.putBytes('plan', Buffer.from('other'), { ifAbsent: true }, calm)).toBe('exists')
    expect(Buffer.from((await store.read('plan', calm))!).toString()).toBe('mine')
  })

  it('gives up after its last try, says what the store said, and nothing of the credentials', async () => {
    const store = await storeBehindProxy()
    const before = proxy!.log.length
    proxy!.meet(() => ({ kind: 'status', status: 503, code: 'SlowDown' }))
    const failure = await store
      .putBytes('a', Buffer.from('x'), { ifAbsent: false }, calm)
      .catch((error) => error)
    expect(proxy!.log.length - before).toBe(quickPace.tries)
    expect(failure.message).toContain(`writing a failed after 8 tries: SlowDown (HTTP 503)`)
    expect(failure.message).toContain(store.url)
    expect(failure).not.toHaveProperty('cause')
    expect(`${failure.stack}${JSON.stringify(failure)}`).not.toMatch(/testing|tester|Signature/)
  })

  it('does not try again what will not pass', async () => {
    const store = await storeBehindProxy()
    const before = proxy!.log.length
    proxy!.meet(() => ({ kind: 'status', status: 403, code: 'AccessDenied' }))
    await expect(store.read('a', calm)).rejects.toThrow('access denied (AccessDenied)')
    expect(proxy!.log.length - before).toBe(1)
  })
})

describe.skipIf(s3.why !== '')(`an upload that ends before its end${s3.why}`, () => {
  const isPiece = (url: string, number: number) =>
    url.includes(`partNumber=${number}&`) || url.endsWith(`partNumber=${number}`)

  it.each([
    [
      'when it is begun',
      ({ method, url }: { method: string; url: string }) => method === 'POST' && url.includes('uploads'),
    ],
    ['between its pieces', ({ url }: { url: string }) => isPiece(url, 2)],
    [
      'when it is completed',
      ({ method, url }: { method: string; url: string }) => method === 'POST' && url.includes('uploadId'),
    ],
  ])('leaves nothing behind where it is cancelled %s', async (_, when) => {
    const store = await storeBehindProxy()
    const { path } = await builtFile(store, threePieces)
    const cancel = new AbortController()
    proxy!.meet((request) => {
      if (when(request)) cancel.abort(new Error('not wanted any more'))
      return null
    })
    const put = store.putFile('a.tar', path, { ifAbsent: true }, cancel.signal)
    await expect(put).rejects.toThrow('not wanted any more')
    expect(await uploadsOf(store)).toEqual([])
    expect((await readFile(path)).length).toBe(threePieces)
  })

  it('leaves nothing behind where a piece is refused for good', async () => {
    const store = await storeBehindProxy()
    const { path } = await builtFile(store, threePieces)
    proxy!.meet(({ url }) => (isPiece(url, 2) ? { kind: 'status', status: 403, code: 'AccessDenied' } : null))
    await expect(store.putFile('a.tar', path, { ifAbsent: false }, calm)).rejects.toThrow('access denied')
    expect(await uploadsOf(store)).toEqual([])
    expect(await store.stat('a.tar', calm)).toBeNull()
  })

  it('is swept where its writer died, once it is old, and no name is touched', async () => {
    const store = await s3.store()
    const target = { Bucket: bucketOf(store), Key: keyOf(store, '.pairmill/parts/b1-dead.tar') }
    const { UploadId } = await s3.server.client.send(new CreateMultipartUploadCommand(target))
    await s3.server.client.send(
      new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: randomBytes(5 << 20) }),
    )
    await store.putBytes('.pairmill/parts/b1-done.tar', Buffer.from('part'), { ifAbsent: true }, calm)
    const others = await s3.store()
    expect(await store.sweep(3_600_000, calm)).toBe(0)
    expect(await others.sweep(0, calm)).toBe(0)
    expect(await uploadsOf(store)).toHaveLength(1)
    expect(await store.sweep(0, calm)).toBe(1)
    expect(await uploadsOf(store)).toEqual([])
    expect(await store.stat('.pairmill/parts/b1-done.tar', calm)).toEqual({ size: 4 })
    expect(await sweepParts(store, async () => new Set(), 0, calm)).toBe(1)
  })
})

describe.skipIf(s3.why !== '')(`opening an S3 store${s3.why}`, () => {
  const opened = async (choice: Parameters<typeof s3.store>[0]) =>
    await s3.store(choice).then(
      () => 'opened',
      (error: Error) => error.message,
    )
  const withVariables = (variables: Record<string, string | undefined>) => {
    const before = { ...process.env }
    for (const [name, value] of Object.entries(variables)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
    onTestFinished(() => {
      Object.assign(process.env, before)
    })
  }

  it.each(['read', 'write'] as const)(
    'to %s says what is wrong with the credentials and shows none',
    async (access) => {
      withVariables({ AWS_SECRET_ACCESS_KEY: 'a-wrong-secret' })
      const message = await opened({ access })
      expect(message).toContain('access denied (SignatureDoesNotMatch)')
      expect(message).not.toMatch(/a-wrong-secret|tester/)
    },
  )

  it('says where credentials can come from when there are none', async () => {
    withVariables({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined })
    expect(await opened({})).toContain('no credentials were found: set AWS_ACCESS_KEY_ID')
  })

  it.each(['read', 'write'] as const)('to %s names a bucket that is not there', async (access) => {
    expect(await opened({ url: 's3://no-such-bucket/x', access })).toContain(
      'there is no bucket no-such-bucket at http://127.0.0.1:',
    )
  })

  it('names the endpoint that cannot be reached, without what stands before an @', async () => {
    const message = await opened({ endpoint: 'http://me:secret@127.0.0.1:1' })
    expect(message).toContain('http://127.0.0.1:1 cannot be reached (ECONNREFUSED)')
    expect(message).not.toContain('secret')
  })

  it('names the region that the store wants', async () => {
    expect(await opened({ region: 'eu-north-9' })).toContain('set AWS_REGION to us-east-1')
  })

  it('asks for a region where none is known', async () => {
    withVariables({ AWS_REGION: undefined, AWS_DEFAULT_REGION: undefined })
    const settings = { endpoint: null, region: null, pathStyle: null }
    const options = {
      url: 's3://bucket/x',
      settings,
      scratchDir: await tempFolder(),
      access: 'read' as const,
    }
    expect(await s3Store(options, calm)).toEqual({
      message: expect.stringContaining('no region is set: set AWS_REGION'),
    })
  })

  it('leaves nothing of its trial behind', async () => {
    for (const kind of ['honouring', 'ignoring', 'refusing'] as const) {
      const store = await s3.store({ kind })
      expect(await sumsOf(store)).toEqual(new Map())
    }
  })
})
