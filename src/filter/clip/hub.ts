import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeFolder } from '../../disk/index.js'
import { absent, isFileError } from './file-errors.js'
import { takeDownloadLock } from './lock.js'

/** Part of the web's `fetch` that a download needs. */
export type HubFetch = (
  url: string,
  init: { readonly headers: Record<string, string>; readonly signal: AbortSignal },
) => Promise<HubResponse>

interface HubResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: AsyncIterable<Uint8Array> | null
}

export interface DownloadProgress {
  readonly url: string
  readonly receivedBytes: number
  /** null = the hub did not say. */
  readonly totalBytes: number | null
}

export interface HubDeps {
  readonly fetch: HubFetch
  /** Access token of the hub; null = none. */
  readonly token: string | null
  /** Called at the start, about once a megabyte, and at the end of each file. */
  readonly onProgress: (progress: DownloadProgress) => void
  /** Waits before the tries after the first; a try that brought bytes starts them anew. Default 1, 3, 8 s. */
  readonly retryDelaysMs?: readonly number[]
  /** Longest silence within a try; default 30,000. */
  readonly stallMs?: number
}

/** Download of one file: its URL, and where it is put. */
export interface Download {
  readonly url: string
  /** Final place; while incomplete the bytes lie at `path + '.part'`. */
  readonly path: string
  /** Whether bytes of an earlier try are continued: only where `accept` would notice a mix of two versions. */
  readonly resume: boolean
  /** Fault of the whole file at the given path; null = none. */
  readonly accept: (path: string) => Promise<string | null>
}

export type DownloadOutcome =
  | { readonly kind: 'stored' }
  /** `detail` is one line without the URL. `refused`: the hub has answered, trying again is no use. */
  | { readonly kind: 'unreachable' | 'refused' | 'unacceptable'; readonly detail: string }

const progressStepBytes = 1_000_000

/** Fetches one file whole, checked and atomically, going on where an earlier try or process stopped. */
export async function download(
  deps: HubDeps,
  wanted: Download,
  signal: AbortSignal,
): Promise<DownloadOutcome> {
  await makeFolder(dirname(wanted.path))
  const lock = await takeDownloadLock(`${wanted.path}.lock`, signal)
  try {
    // Another process may have brought it while this one waited.
    if ((await sizeOf(wanted.path)) !== null && (await wanted.accept(wanted.path)) === null) {
      return { kind: 'stored' }
    }
    return await downloadLocked(deps, wanted, lock.beat, signal)
  } finally {
    await lock.release()
  }
}

async function downloadLocked(
  deps: HubDeps,
  wanted: Download,
  beat: () => void,
  signal: AbortSignal,
): Promise<DownloadOutcome> {
  const part = `${wanted.path}.part`
  if (!wanted.resume) await rm(part, { force: true })
  const delaysMs = deps.retryDelaysMs ?? [1_000, 3_000, 8_000]
  for (let failures = 0; ; ) {
    const before = (await sizeOf(part)) ?? 0
    const outcome = await tryOnce(deps, wanted.url, part, beat, signal)
    signal.throwIfAborted()
    if (outcome.kind === 'whole') break
    if (outcome.kind === 'refused') return outcome
    failures = ((await sizeOf(part)) ?? 0) > before ? 1 : failures + 1
    const delayMs = delaysMs[failures - 1]
    if (delayMs === undefined) return { kind: 'unreachable', detail: outcome.detail }
    await sleep(delayMs, undefined, { signal })
    beat()
  }
  const fault = await wanted.accept(part)
  if (fault !== null) {
    await rm(part, { force: true })
    return { kind: 'unacceptable', detail: fault }
  }
  await rename(part, wanted.path)
  return { kind: 'stored' }
}

type Try =
  | { readonly kind: 'whole' }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'failed'; readonly detail: string }

/** Where the body of an answer belongs in the file, and how long the file will be; null = nowhere. */
function placeOf(response: HubResponse, have: number): { from: number; total: number | null } | null {
  if (response.status === 200) {
    const length = response.headers.get('content-length')
    const encoded = response.headers.get('content-encoding') !== null
    return { from: 0, total: length === null || encoded ? null : Number(length) }
  }
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '')
  if (response.status !== 206 || Number(range?.[1]) !== have) return null
  return { from: have, total: range?.[2] === '*' ? null : Number(range?.[2]) }
}

async function tryOnce(
  deps: HubDeps,
  url: string,
  part: string,
  beat: () => void,
  signal: AbortSignal,
): Promise<Try> {
  const have = (await sizeOf(part)) ?? 0
  const silence = new AbortController()
  const stallMs = deps.stallMs ?? 30_000
  const timer = setTimeout(() => silence.abort(new Error(`nothing came for ${stallMs / 1000} s`)), stallMs)
  try {
    const headers: Record<string, string> = { 'user-agent': 'pairmill', 'accept-encoding': 'identity' }
    if (deps.token !== null) headers.authorization = `Bearer ${deps.token}`
    if (have > 0) headers.range = `bytes=${have}-`
    const response = await deps.fetch(url, { headers, signal: AbortSignal.any([signal, silence.signal]) })
    if (response.status === 416) {
      // Nothing lies after what we have: it is whole, or it belongs to another version.
      const total = /^bytes \*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]
      if (Number(total) === have) return { kind: 'whole' }
      await rm(part, { force: true })
      return { kind: 'failed', detail: 'the file on the hub has changed' }
    }
    const place = placeOf(response, have)
    if (place === null || response.body === null) {
      const detail = `HTTP ${response.status}`
      const passing = response.status >= 500 || response.status === 429 || response.status === 408
      return { kind: passing || response.status === 206 ? 'failed' : 'refused', detail }
    }
    const received = await append(deps, url, part, place, response.body, () => {
      timer.refresh()
      beat()
    })
    if (place.total !== null && received !== place.total) {
      return { kind: 'failed', detail: `the connection ended after ${received} of ${place.total} bytes` }
    }
    return { kind: 'whole' }
  } catch (cause) {
    // A full or read-only disk is no matter of the hub.
    if (isFileError(cause)) throw cause
    return { kind: 'failed', detail: reasonOf(silence.signal.aborted ? silence.signal.reason : cause) }
  } finally {
    clearTimeout(timer)
    silence.abort()
  }
}

async function append(
  deps: HubDeps,
  url: string,
  part: string,
  place: { readonly from: number; readonly total: number | null },
  body: AsyncIterable<Uint8Array>,
  onBytes: () => void,
): Promise<number> {
  const file = await open(part, place.from === 0 ? 'w' : 'a')
  try {
    let received = place.from
    let shown = received
    deps.onProgress({ url, receivedBytes: received, totalBytes: place.total })
    for await (const chunk of body) {
      await file.writeFile(chunk)
      received += chunk.length
      onBytes()
      if (received - shown >= progressStepBytes) {
        shown = received
        deps.onProgress({ url, receivedBytes: received, totalBytes: place.total })
      }
    }
    await file.sync()
    if (received > shown) deps.onProgress({ url, receivedBytes: received, totalBytes: place.total })
    return received
  } finally {
    await file.close()
  }
}

/** Bytes of a file; null = there is none. */
async function sizeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(absent))?.size ?? null
}

/** undici hides what happened in `cause`. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message
}
