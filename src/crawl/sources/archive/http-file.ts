import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { type Fetch, type FetchOutcome, type ResponseHead, retryOf } from '../../../net/index.js'
import { shownUrl } from '../../../records/index.js'
import { SourceError } from '../source.js'
import { type OpenedFile, startBytes } from './byte-file.js'

export interface HttpFileDeps {
  readonly fetch: Fetch
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** 0 <= x < 1. */
  readonly random: () => number
}

/** Asked for at a time, and so held. */
const pieceBytes = 4 * 1024 * 1024
const deadlineMs = 60_000
const maxRedirects = 5

/** A part of a file, with what the answer says of the whole. */
interface Part {
  readonly bytes: Buffer
  /** Of the whole file. */
  readonly size: number
  readonly version: string
}

/**
 * A file behind an http(s) URL, read in parts (RFC 9110 section 14). A part that breaks off is gone on with from the byte that was reached;
 * 429, 503 and passing faults are tried again as a page's are.
 */
export async function openHttpFile(
  deps: HttpFileDeps,
  url: string,
  signal: AbortSignal,
): Promise<OpenedFile> {
  const first = await readPart(deps, url, 0, startBytes, signal)
  if (first.kind !== 'part') return first
  const { bytes, size, version } = first.part
  const pieces = [bytes]
  // The first part may have broken off.
  const wanted = Math.min(startBytes, size)
  for await (const more of partsFrom(deps, url, { size, version }, bytes.length, wanted, signal))
    pieces.push(more)
  const start = Buffer.concat(pieces)
  return {
    kind: 'file',
    file: {
      version,
      start,
      bytes: (from, during) =>
        start.length === size
          ? Readable.from(from < size ? [start.subarray(from)] : [])
          : partsFrom(deps, url, { size, version }, from, size, during),
      close: async () => {},
    },
  }
}

async function* partsFrom(
  deps: HttpFileDeps,
  url: string,
  { size, version }: Omit<Part, 'bytes'>,
  from: number,
  end: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for (let at = from; at < end; ) {
    const read = await readPart(deps, url, at, Math.min(pieceBytes, end - at), signal)
    if (read.kind !== 'part' || read.part.version !== version || read.part.size !== size) {
      throw new SourceError(`${shownUrl(url)} has changed while it was read: a new run can begin with it`)
    }
    yield read.part.bytes
    at += read.part.bytes.length
  }
}

/** At least one byte of the file from `at` on, unless it is empty. Throws a SourceError where none can be had. */
async function readPart(
  deps: HttpFileDeps,
  url: string,
  at: number,
  bytes: number,
  signal: AbortSignal,
): Promise<Extract<Answer, { kind: 'part' | 'absent' | 'refused' }>> {
  for (let tried = 0; ; tried++) {
    const answer = await ask(deps.fetch, url, at, bytes, signal)
    signal.throwIfAborted()
    switch (answer.kind) {
      case 'part':
      case 'absent':
      case 'refused':
        return answer
      case 'unusable':
        throw new SourceError(`${shownUrl(url)} cannot be read: ${answer.detail}`)
      case 'failed': {
        const verdict = retryOf(answer.failure, tried, deps.now(), deps.random)
        if (verdict.kind === 'final') {
          const often = tried === 0 ? '' : `, ${tried + 1} times`
          throw new SourceError(
            `${shownUrl(url)} cannot be read: ${answer.detail}${often}; the same command goes on from there`,
          )
        }
        await setTimeout(verdict.delayMs, undefined, { signal })
      }
    }
  }
}

type Answer =
  | { readonly kind: 'part'; readonly part: Part }
  | Exclude<OpenedFile, { kind: 'file' }>
  | { readonly kind: 'unusable'; readonly detail: string }
  | { readonly kind: 'failed'; readonly failure: Parameters<typeof retryOf>[0]; readonly detail: string }

async function ask(
  fetch: Fetch,
  url: string,
  at: number,
  bytes: number,
  signal: AbortSignal,
): Promise<Answer> {
  let target = url
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const outcome = await fetch(
      {
        url: target,
        accept: '*/*',
        range: { first: at, last: at + bytes - 1 },
        maxBytes: bytes,
        deadlineMs,
        onHead: ({ status }) => (status === 206 || status === 200 ? 'read' : 'stop'),
      },
      signal,
    )
    if (outcome.kind !== 'redirect') return answerOf(outcome, at)
    target = outcome.location
  }
  return { kind: 'unusable', detail: `more than ${maxRedirects} redirects` }
}

function answerOf(outcome: Exclude<FetchOutcome, { kind: 'redirect' }>, at: number): Answer {
  if (outcome.kind === 'failed') {
    const { reason, detail, lasting = false, partial } = outcome
    // Bytes that have come need not be asked for again.
    if (partial !== undefined) return partOf(partial.head, partial.body, at, false)
    if (reason === 'too_large') return noRanges
    return { kind: 'failed', failure: { failure: reason, lasting }, detail: `${reason}: ${detail}` }
  }
  const { head, body } = outcome
  const { status } = head
  if (status === 206 || status === 200) return partOf(head, body, at, true)
  if (status === 404 || status === 410) return { kind: 'absent', detail: `HTTP ${status}` }
  if (refusedStatuses.has(status)) return { kind: 'refused', detail: `HTTP ${status}` }
  // No byte 0 is there to begin with: it is empty.
  if (status === 416 && at === 0) return { kind: 'part', part: wholeOf(head, Buffer.alloc(0), 0) }
  const retryAfter = head.headers['retry-after'] ?? null
  return { kind: 'failed', failure: { status, retryAfter }, detail: `HTTP ${status}` }
}

/** Statuses of a file that is there, or may be, and is not given to us. */
const refusedStatuses: ReadonlySet<number> = new Set([401, 402, 403, 451])

const noRanges: Answer = {
  kind: 'unusable',
  detail:
    'its server gives no parts of files (no answer to Range), so it could not be read on; download it and name the file',
}

function partOf(head: ResponseHead, body: Uint8Array, at: number, isWhole: boolean): Answer {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (head.status === 200) {
    // A server without ranges: good enough for a file that one answer holds.
    return at === 0 && isWhole ? { kind: 'part', part: wholeOf(head, bytes, bytes.length) } : noRanges
  }
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(head.headers['content-range'] ?? '') ?? []
  if (first === undefined || Number(first) !== at || bytes.length === 0) {
    return { kind: 'unusable', detail: `an answer to other bytes than those that were asked for` }
  }
  return { kind: 'part', part: wholeOf(head, bytes, Number(total)) }
}

/** Part of a file with the version of the whole: its size, with its ETag or the time of its last change. */
function wholeOf({ headers }: ResponseHead, bytes: Buffer, size: number): Part {
  const mark = headers.etag ?? headers['last-modified'] ?? ''
  const hash = createHash('sha256').update(mark).digest('hex').slice(0, 16)
  return { bytes, size, version: `${size}-${hash}` }
}
