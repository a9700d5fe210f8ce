import {
  ChainCookies,
  decoded,
  type Fetch,
  type FetchFailed,
  type FetchFailure,
  type FetchOutcome,
} from '../../net/index.js'
import { wideEncoding } from '../charset/index.js'
import { isGzip, looksBinary } from '../sniff.js'
import { canonicalUrl } from '../url.js'
import { decidingRule, type RobotsRules } from './rules.js'

/** Record of one host's robots.txt, or of another such file of it: a plain value that can be stored. */
export interface RobotsRecord {
  /** `forbid_all` means that it could not be read: doubt forbids, for a short while. */
  readonly kind: 'rules' | 'allow_all' | 'forbid_all'
  /** The file's text where kind is `rules`, cut at 500 KiB; else null. */
  readonly body: string | null
  readonly fetchedAtMs: number
  /** When to ask again, ms since the epoch. */
  readonly expiresAtMs: number
  /** HTTP status of the last answer; null = there was none. */
  readonly status: number | null
  /** For people; '' where the kind says it all. */
  readonly detail: string
  /** Of `forbid_all`: the host itself cannot be reached, for a reason that will not pass; absent = it may answer later. */
  readonly lasting?: LastingFailure
}

/** Why a host cannot be reached now or later: its address is not to be dialled, its name does not exist, its certificate is wrong. */
export type LastingFailure = Extract<FetchFailure, 'address_refused' | 'dns' | 'tls'>

export interface RobotsVerdict {
  readonly allowed: boolean
  /**
   * `robots:allow PATTERN`, `robots:disallow PATTERN`, `robots:none` (no rule matched), `robots:absent` (the host
   * has no robots.txt), `robots:unreachable`, `robots:too-many` (more rules than are looked at: doubt forbids),
   * `robots:file` (robots.txt itself).
   */
  readonly rule: string
  /** The line of robots.txt that decided, as written; null = none did. */
  readonly line: string | null
}

/** RFC 9309 section 2.5: at least 500 KiB must be read. */
const maxBodyBytes = 500 * 1024
/** A compressed file is only known whole, so what is kept and what is read differ. */
const maxFetchBytes = 8 * maxBodyBytes
/** RFC 9309 section 2.3.1.2. */
const maxRedirects = 5
const deadlineMs = 15_000
/** RFC 9309 section 2.4: no longer than 24 hours. */
const lifeMs = 24 * 3600 * 1000
const doubtLifeMs = 5 * 60 * 1000

/**
 * Fetches a host's robots.txt (`host` as `hostOf` gives it), with redirects to wherever they lead. 2xx gives rules; 4xx
 * but 429 allows all; everything else (429, 5xx, no answer, too many redirects) forbids all and expires soon.
 */
export async function fetchRobots(
  deps: { readonly fetch: Fetch; readonly now: () => number },
  host: string,
  scheme: 'http' | 'https',
  signal: AbortSignal,
): Promise<RobotsRecord> {
  return fetchSiteFile(deps, `${scheme}://${host}/robots.txt`, signal)
}

/** As `fetchRobots`, for any file in which a site says what it permits. */
export async function fetchSiteFile(
  deps: { readonly fetch: Fetch; readonly now: () => number },
  start: string,
  signal: AbortSignal,
): Promise<RobotsRecord> {
  let url = start
  const cookies = new ChainCookies()
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const cookie = cookies.valueFor(url)
    const outcome = await deps.fetch(
      {
        url,
        ...(cookie === null ? {} : { cookie }),
        accept: 'text/plain, */*;q=0.5',
        maxBytes: maxFetchBytes,
        deadlineMs,
        onHead: (head) => (isSuccess(head.status) ? 'read' : 'stop'),
        onPrefix: (soFar) => (soFar.length >= maxBodyBytes ? 'stop' : 'more'),
      },
      signal,
    )
    if (outcome.kind === 'failed') {
      const record = doubt(deps.now(), null, `${outcome.reason}: ${outcome.detail}`)
      // Where a redirect led says nothing about the host that redirected.
      const lasting = redirects === 0 ? lastingOf(outcome) : null
      return lasting === null ? record : { ...record, lasting }
    }
    if (outcome.kind !== 'redirect') return await recordOf(outcome, deps.now())
    cookies.take(url, outcome.head, deps.now())
    const next = canonicalUrl(outcome.location)
    if (next === null) return doubt(deps.now(), outcome.head.status, 'redirect to an unusable URL')
    url = next
  }
  return doubt(deps.now(), null, `more than ${maxRedirects} redirects`)
}

/** `rules` = the record's body parsed for this crawler; null where the record holds none. */
export function robotsVerdict(record: RobotsRecord, rules: RobotsRules | null, url: string): RobotsVerdict {
  // RFC 9309 section 2.2.2: /robots.txt itself is always allowed.
  if (/^https?:\/\/[^/]+\/robots\.txt$/.test(url)) return { allowed: true, rule: 'robots:file', line: null }
  if (record.kind === 'allow_all') return { allowed: true, rule: 'robots:absent', line: null }
  if (record.kind === 'forbid_all' || rules === null)
    return { allowed: false, rule: 'robots:unreachable', line: null }
  if (rules.rules.isTooMany) return { allowed: false, rule: 'robots:too-many', line: null }
  const rule = decidingRule(rules, url)
  if (rule === null) return { allowed: true, rule: 'robots:none', line: null }
  const { allow, text } = rule
  return {
    allowed: allow,
    rule: `robots:${allow ? 'allow' : 'disallow'} ${text}`,
    line: `${allow ? 'Allow' : 'Disallow'}: ${text}`,
  }
}

/** The failure where it is one of the host and trying again cannot help; null = otherwise. */
function lastingOf({ reason, lasting }: FetchFailed): LastingFailure | null {
  if (reason === 'dns') return lasting === true ? reason : null
  return reason === 'address_refused' || reason === 'tls' ? reason : null
}

async function recordOf(
  outcome: Extract<FetchOutcome, { kind: 'response' }>,
  now: number,
): Promise<RobotsRecord> {
  const { status } = outcome.head
  if (isSuccess(status)) {
    const body = await textOf(outcome.body, outcome.stopped)
    if (body === null) return doubt(now, status, 'not a text')
    return { kind: 'rules', body, fetchedAtMs: now, expiresAtMs: now + lifeMs, status, detail: '' }
  }
  if (status >= 400 && status < 500 && status !== 429) {
    return { kind: 'allow_all', body: null, fetchedAtMs: now, expiresAtMs: now + lifeMs, status, detail: '' }
  }
  return doubt(now, status, `HTTP ${status}`)
}

function doubt(now: number, status: number | null, detail: string): RobotsRecord {
  return { kind: 'forbid_all', body: null, fetchedAtMs: now, expiresAtMs: now + doubtLifeMs, status, detail }
}

/**
 * Text of a file, whether it was sent as UTF-8, as UTF-16 or as a gzip file; null = it is nothing that people read. A file that is cut loses its last
 * line with it: half a pattern would match more than the whole one.
 */
async function textOf(body: Uint8Array, stopped: boolean): Promise<string | null> {
  const plain = isGzip(body) ? await decoded(body, ['gzip'], maxFetchBytes) : body
  if ('kind' in plain || looksBinary(plain)) return null
  const cut = stopped || plain.length > maxBodyBytes
  const kept = plain.subarray(0, maxBodyBytes)
  const text = new TextDecoder(utf16Of(kept) ?? 'utf-8').decode(kept)
  return cut ? text.slice(0, Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1) : text
}

/** null = it is none. */
function utf16Of(body: Uint8Array): string | null {
  if (body[0] === 0xff && body[1] === 0xfe) return 'utf-16le'
  return body[0] === 0xfe && body[1] === 0xff ? 'utf-16be' : wideEncoding(body)
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}
