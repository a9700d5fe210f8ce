import { type Fetch, maxRetries } from '../../../net/index.js'
import type { Candidate, Permission } from '../../../records/index.js'
import type { PageSkipReason } from '../../page.js'
import { type VisitOptions, visit } from '../../visit.js'
import type { PlainRecordSkip, RecordFault, RecordSkip } from './archive.js'
import { type ArchivedResponse, parseResponse, plainBody } from './http-message.js'
import { dateOf, type RecordOutcome, skip, skipByStatus, targetUrl } from './record-outcome.js'
import type { RecordHead } from './warc-record.js'
import { readWat } from './wat.js'

/** Outcome of one record of an archive. */
interface JudgedRecord {
  readonly candidates: readonly Candidate[]
  readonly counters: Readonly<Record<string, number>>
  /** Fault of the record; null = it has none, whether it gives anything or not. */
  readonly fault: { readonly reason: RecordFault; readonly detail: string } | null
}

/** Whether a record's block is needed to judge it. */
export function wantsBlock(head: RecordHead): boolean {
  return skipByHead(head) === null
}

/**
 * Judges a record by the rules of a visit: the archived head and page say what may be taken. `archive`: its name as it is published, the word on
 * which its candidates stand. `block` null = it was too large where `wantsBlock`.
 */
export async function judgeRecord(
  { head, block }: { readonly head: RecordHead; readonly block: Buffer | null },
  archive: string,
  options: VisitOptions,
  signal: AbortSignal,
): Promise<JudgedRecord> {
  const early = skipByHead(head)
  if (early !== null) return skippedAs(skip(early))
  if (block === null) return skippedAs(skip('too_large', `${head.length} bytes`))
  const byBlock = skipByBlock(head, block)
  if (byBlock !== null) return skippedAs(skip(byBlock))
  const outcome = isWat(head)
    ? await readWat(block, options, signal)
    : await readResponse(head, block, options, signal)
  if (outcome.kind === 'skipped') return skippedAs(outcome)
  const { page, dateMs } = outcome
  const pagePermission: Permission = {
    rule: 'archive:none',
    value: null,
    source: archive,
    checkedAt: new Date(dateMs).toISOString(),
  }
  const counters: Record<string, number> = {
    records: 1,
    archive_pages: 1,
    images_seen: page.imagesSeen,
    candidates_seen: page.candidates.length,
  }
  if (page.imagesNamed !== undefined) counters.images_named = page.imagesNamed
  if (page.refusal !== null) counters[`images_opted_out:${page.refusal.rule}`] = 1
  for (const [reason, count] of Object.entries(page.imagesSkipped))
    counters[`image_skipped:${reason}`] = count
  return {
    // A property that is added behind those of a copy costs V8 several times the copy.
    candidates: page.candidates.map((candidate) => ({ pagePermission, ...candidate })),
    counters,
    fault: null,
  }
}

const faults: ReadonlySet<RecordSkip> = new Set<RecordFault>([
  'malformed',
  'cut',
  'too_large',
  'http_head',
  'encoding',
  'json',
])

function skippedAs({ reason, detail, refusal }: Extract<RecordOutcome, { kind: 'skipped' }>): JudgedRecord {
  const counters: Record<string, number> = { records: 1, [`record_skipped:${reason}`]: 1 }
  if (refusal !== undefined) counters[`page_opted_out:${refusal.rule}`] = 1
  return { candidates: [], counters, fault: isFault(reason) ? { reason, detail } : null }
}

function isFault(reason: RecordSkip): reason is RecordFault {
  return faults.has(reason)
}

const namedSkips: ReadonlySet<string> = new Set<PlainRecordSkip>([
  'warcinfo',
  'request',
  'metadata',
  'revisit',
  'resource',
  'conversion',
])

/** null = its block decides. */
function skipByHead(head: RecordHead): PlainRecordSkip | null {
  const { type, fields } = head
  if (type === 'response') {
    if (!isOfType(head, 'application/http')) return 'not_http'
  } else if (!isWat(head)) return namedSkips.has(type) ? (type as PlainRecordSkip) : 'other'
  return fields.has('warc-truncated') ? 'truncated' : null
}

function isWat(head: RecordHead): boolean {
  return head.type === 'metadata' && isOfType(head, 'application/json')
}

/** A record without a media type may be of any: its block shows it. */
function isOfType({ fields }: RecordHead, type: string): boolean {
  const named = fields.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return named === type || named === ''
}

/** What a record without a media type is not after all; null = it may be what it was taken for. */
function skipByBlock({ type, fields }: RecordHead, block: Buffer): PlainRecordSkip | null {
  if ((fields.get('content-type') ?? '') !== '') return null
  const start = block.toString('latin1', 0, 16)
  if (type === 'response') return /^HTTP\//i.test(start) ? null : 'not_http'
  return /^\s*\{/.test(start) ? null : 'metadata'
}

async function readResponse(
  head: RecordHead,
  block: Buffer,
  options: VisitOptions,
  signal: AbortSignal,
): Promise<RecordOutcome> {
  const dateMs = dateOf(head.fields.get('warc-date'))
  if (dateMs === null) return skip('malformed', 'it has no WARC-Date')
  const url = targetUrl(head.fields.get('warc-target-uri'))
  if (url === null) return skip('bad_url')
  const response = parseResponse(block)
  if (response === null) return skip('http_head')
  const byStatus = skipByStatus(response.head.status)
  if (byStatus !== null) return skip(byStatus)
  const outcome = await visit(
    { fetch: archivedFetch(response), now: () => dateMs, random: () => 0 },
    // The record will not answer otherwise another time.
    { id: 0, url, depth: 0, anchor: '', redirects: 0, attempts: maxRetries },
    { digest: false, ...options },
    signal,
  )
  switch (outcome.kind) {
    case 'page':
      return { kind: 'page', page: outcome.page, dateMs }
    case 'redirect':
      return skip('http_3xx')
    default: {
      const { reason, detail } = outcome
      const refusal = outcome.kind === 'skipped' ? outcome.refusal : undefined
      return {
        ...skip(recordSkips[reason] ?? 'other', detail),
        ...(refusal === undefined ? {} : { refusal }),
      }
    }
  }
}

/** Outcomes of a visit that an archived answer can have. */
const recordSkips: Partial<Record<PageSkipReason, RecordSkip>> = {
  not_html: 'not_html',
  empty: 'empty',
  opt_out: 'opt_out',
  bad_url: 'bad_url',
  encoding: 'encoding',
  too_large: 'too_large',
  body_cut: 'cut',
}

/** A fetch that is answered from an archive, so that an archived page is visited as any other. */
function archivedFetch(response: ArchivedResponse): Fetch {
  const { head } = response
  return async ({ onHead, onPrefix, maxBytes }) => {
    if (onHead?.(head) === 'stop')
      return { kind: 'response', head, body: response.body.subarray(0, 0), stopped: true }
    const body = await plainBody(response, maxBytes)
    if ('kind' in body) return body
    const stopped = body.length > 0 && onPrefix?.(body) === 'stop'
    return { kind: 'response', head, body, stopped }
  }
}
