import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import type {
  Backend,
  BatchCommit,
  BatchCommitted,
  BatchShape,
  Found,
  FoundCandidate,
  FoundReject,
  HostLease,
  LeasedCandidate,
  Offer,
  Progress,
  RunLimits,
  SessionCommit,
  SessionCommitted,
} from '../../../src/backend/backend.js'
import { noEvidence } from '../../../src/crawl/index.js'
import {
  candidateKey,
  type DecidedPage,
  type LeasedUrl,
  type TextReject,
} from '../../../src/records/index.js'
import { noProgress as noProgressAtAll } from '../../fixtures/workers/no-progress.js'

/** A backend under test. */
export interface OpenedBackend {
  readonly backend: Backend
  close(): Promise<void>
  /** The numbers of progress() counted anew from what the backend holds, where it can be looked into. */
  recount?(run: string): Promise<Partial<Progress>>
  /** How many rows or keys it has for runs, by kind, where it can be looked into. */
  traces?(): Promise<Record<string, number>>
  /** The same state, by a process that dies after so many calls of a script or function: each later one fails. */
  dying(calls: number): Backend
  /** Makes what the host showed to need so much older. */
  ageThrottle(host: string, ms: number): Promise<void>
}

/** One session on a host, as a worker holds it. */
export interface Session {
  readonly host: string
  readonly token: string
  readonly urls: readonly LeasedUrl[]
  readonly reservedMs: number
  readonly delayMs: number
}

export interface HeldBatch {
  readonly batch: string
  readonly token: string
  readonly candidates: readonly LeasedCandidate[]
  readonly starts: number
  readonly failures: number
}

/** A batch of rejects, as its holder has it. */
export interface HeldRejects {
  readonly batch: string
  readonly token: string
  readonly rejects: readonly TextReject[]
}

export interface Image {
  readonly sha256: string
  readonly phash: string
  readonly score?: number | null
}

export const noLimits: RunLimits = { maxPages: null, maxPairs: null, maxPagesPerHost: null }
const { elapsedMs, seedings, backlog, ...sums } = noProgressAtAll
/** What a run has that has nothing, but for what depends on time and seeding, and the backlog, which has rules of its own. */
export const noProgress: Omit<Progress, 'elapsedMs' | 'seedings' | 'backlog'> = sums
/** Large enough that only a dry crawl closes a batch. */
export const roomy: BatchShape = { batchSize: 256, batchAgeMs: 3_600_000, perHost: 32 }
/** Long enough that no lease runs out unless a test wants it to. */
const leaseMs = 600_000

export const newToken = () => randomBytes(8).toString('hex')
export const hex = (bytes: number) => randomBytes(bytes).toString('hex')
/** Images that are near no other: 64 random bits are not within 3 of each other. */
export const newImage = (score: number | null = 0.5): Required<Image> => ({
  sha256: hex(32),
  phash: hex(8),
  score,
})

/** One run of its own on the backend under test, with the calls of its workers. Hosts are its own too, unless said otherwise. */
export type Desk = Awaited<ReturnType<typeof openDesk>>

export async function openDesk(backend: Backend, limits: Partial<RunLimits> = {}, name = `run-${hex(6)}`) {
  const run = name
  await backend.openRun(run, { name }, { ...noLimits, ...limits })
  const hostName = (label: string) => `${label}.${run}.test`

  const urlOf = (label: string, path: string | number, depth = 0): Offer => ({
    url: `http://${hostName(label)}/${path}`,
    host: hostName(label),
    depth,
    anchor: '',
    redirects: 0,
  })

  const lease = (
    label: string,
    over: Partial<Parameters<Backend['leaseHost']>[0]> = {},
  ): Promise<HostLease> =>
    backend.leaseHost({
      run,
      host: hostName(label),
      token: newToken(),
      max: 50,
      delayMs: 0,
      windowMs: 10_000,
      leaseMs,
      groups: [],
      perGroup: 1,
      ...over,
    })

  /** Leases a host that must have URLs to give. */
  const session = async (label: string, over: Parameters<typeof lease>[1] = {}): Promise<Session> => {
    const token = over.token ?? newToken()
    const given = await lease(label, { ...over, token })
    if (given.kind !== 'urls') throw new Error(`${label} gave ${JSON.stringify(given)}`)
    return {
      host: hostName(label),
      token,
      urls: given.urls,
      reservedMs: given.reservedMs,
      delayMs: given.delayMs,
    }
  }

  /** Commits a session that fetched every URL well, but for what `over` says. */
  const commit = (held: Session, over: Partial<SessionCommit> = {}): Promise<SessionCommitted> => {
    const spoken = new Set([...(over.retry ?? []).map(({ id }) => id), ...(over.back ?? [])])
    const done = over.done ?? held.urls.map(({ id }) => id).filter((id) => !spoken.has(id))
    return backend.commitSession({
      run,
      host: held.host,
      token: held.token,
      partial: false,
      done,
      decided: [],
      unreachable: null,
      drainedAs: 'host_stalled',
      retry: [],
      back: [],
      pages: done.length,
      offers: [],
      candidates: [],
      counters: {},
      delayMs: held.delayMs,
      reservedMs: held.reservedMs,
      lastFetchAgoMs: 0,
      pauseMs: 0,
      rendered: noEvidence,
      throttleMs: 0,
      health: 'ok',
      maxFailures: 5,
      maxFailingMs: 900_000,
      ...roomy,
      ...over,
    })
  }

  const candidate = (
    imageHost: string,
    path: string | number,
    text = `caption of ${path}`,
  ): FoundCandidate => {
    const body = {
      imageUrl: `http://${imageHost}/${path}`,
      fallbackUrls: [],
      captions: [{ source: 'alt' as const, text }],
      pageUrl: `http://page.${run}.test/`,
      pageLanguage: null,
      licenceUrl: null,
    }
    return { key: candidateKey(body), host: imageHost, texts: [text], body }
  }
  /** Candidates of an image host each. */
  const candidates = (count: number, label = hex(4)): FoundCandidate[] =>
    Array.from({ length: count }, (_, i) => candidate(`${label}-${i}.test`, i))

  /** One that its text rejects. */
  const reject = (
    imageHost: string,
    path: string | number,
    text = 'logo',
    over: Partial<TextReject> = {},
  ): FoundReject => {
    const { key, texts, body } = candidate(imageHost, path, text)
    const { imageUrl, captions, pageUrl, licenceUrl } = body
    return {
      key,
      texts,
      reject: { imageUrl, captions, pageUrl, licenceUrl, reason: 'caption_placeholder', ...over },
    }
  }
  /** So many rejects of a host. */
  const rejects = (count: number, label = hex(4)): FoundReject[] =>
    Array.from({ length: count }, (_, i) => reject(`${label}.test`, i))

  /** Lets a page of its own bring the candidates; answers the batches that its commit closed. */
  const bring = async (found: readonly Found[], over: Partial<SessionCommit> = {}) => {
    const label = `bring-${hex(4)}`
    await backend.offer(run, [urlOf(label, 'page')], false)
    const committed = await commit(await session(label), { candidates: found, ...over })
    if (committed.kind !== 'committed') throw new Error(`the session was ${committed.kind}`)
    return committed.batches
  }

  const takeBatch = (batch: string, over: { token?: string; leaseMs?: number } = {}) =>
    backend.leaseBatch({ run, batch, token: newToken(), leaseMs, ...over })

  const heldBatch = async (batch: string, over: { leaseMs?: number } = {}): Promise<HeldBatch> => {
    const token = newToken()
    const given = await takeBatch(batch, { token, ...over })
    if (given.kind !== 'batch') throw new Error(`batch ${batch} gave ${JSON.stringify(given)}`)
    return { batch, token, candidates: given.candidates, starts: given.starts, failures: given.failures }
  }

  const heldRejects = async (batch: string, over: { leaseMs?: number } = {}): Promise<HeldRejects> => {
    const token = newToken()
    const given = await takeBatch(batch, { token, ...over })
    if (given.kind !== 'rejects') throw new Error(`batch ${batch} gave ${JSON.stringify(given)}`)
    return { batch, token, rejects: given.rejects }
  }

  /** Commits a batch of rejects with a row for each. */
  const commitRejects = (
    { batch, token, rejects }: HeldRejects,
    over: Partial<BatchCommit> = {},
  ): Promise<BatchCommitted> =>
    commitBatch({ batch, token, candidates: [], starts: 0, failures: 0 }, [], {
      part: partOf({ batch, token }, rejects.length),
      ...over,
    })

  /** Commits a batch whose first candidates kept the images and whose others were rejected, but for those deferred. */
  const commitBatch = (
    held: HeldBatch,
    images: readonly Image[],
    over: Partial<BatchCommit> = {},
    by: Backend = backend,
  ): Promise<BatchCommitted> => {
    const rows = held.candidates.length - (over.deferred?.length ?? 0)
    return by.commitBatch({
      run,
      batch: held.batch,
      token: held.token,
      part: rows === 0 ? null : partOf(held, rows),
      kept: images.map(({ sha256, phash, score = 0.5 }, row) => ({ row, sha256, phash, score })),
      cited: [],
      deferred: [],
      counters: {},
      dedupe: 'near',
      distance: 3,
      ...over,
    })
  }

  /** A batch that is committed with these images, one candidate an image. */
  const batchOf = async (images: readonly Image[], over: Partial<BatchCommit> = {}) => {
    const [batch = ''] = await bring(candidates(images.length))
    const held = await heldBatch(batch)
    return { batch, part: partOf(held, images.length), committed: await commitBatch(held, images, over) }
  }

  const progress = async (): Promise<typeof noProgress> => {
    const { elapsedMs: _, seedings: __, backlog: ___, ...numbers } = await backend.progress(run)
    return numbers
  }

  return {
    backend,
    run,
    hostName,
    urlOf,
    offer: (...urls: Offer[]) => backend.offer(run, urls, false),
    lease,
    session,
    commit,
    candidate,
    candidates,
    reject,
    rejects,
    bring,
    takeBatch,
    heldBatch,
    heldRejects,
    commitRejects,
    commitBatch,
    batchOf,
    progress,
    counters: () => backend.counters(run),
  }
}

/** The row of a page that was read. */
export function decidedPage(url: LeasedUrl, host: string, over: Partial<DecidedPage> = {}): DecidedPage {
  return {
    url: url.url,
    host,
    outcome: 'read',
    reason: null,
    detail: null,
    httpStatus: 200,
    depth: url.depth,
    tries: url.attempts + 1,
    redirectTo: null,
    candidates: 0,
    permission: null,
    imagesRefusal: null,
    ...over,
  }
}

export function partOf(held: Pick<HeldBatch, 'batch' | 'token'>, rows: number) {
  return { name: `parts/${held.batch}-${held.token}.tar`, size: 1024 * (rows + 1), sha256: hex(32), rows }
}

/** Asks again until the answer is one that is waited for; what runs out here runs out in milliseconds. */
export async function eventually<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
  let last: T | undefined
  await expect
    .poll(
      async () => {
        last = await ask()
        return isSo(last)
      },
      { interval: 5, timeout: 20_000 },
    )
    .toBe(true)
  return last as T
}
