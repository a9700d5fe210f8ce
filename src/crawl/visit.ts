import { type ChainCookies, type Fetch, type FetchOutcome, type ResponseHead, retryOf } from '../net/index.js'
import type { LeasedUrl, OptOut } from '../records/index.js'
import { decodingSteps } from './charset/index.js'
import { pageSteps, type ReadPage } from './extract/index.js'
import { type ListingPage, listingPage, mayBeListing, unfolded } from './listing.js'
import type { ExtractedPage, Page, PageSkipReason, VisitOutcome } from './page.js'
import { allOptOuts, headRefusal, type Refusal } from './permission/index.js'
import type { PageRule, RuleBook } from './rules/index.js'
import {
  hasEndTag,
  isGzip,
  looksBinary,
  looksLikeHtml,
  looksLikeListing,
  looksLikeUrls,
  looksLikeXhtml,
} from './sniff.js'
import { shapeOfDocument } from './soft-404.js'
import { inSlices, type Steps, type Turn } from './steps.js'
import { pageDigest } from './trap.js'
import { canonicalUrl } from './url.js'

export interface VisitOptions {
  /** Long side of the images that will be stored, pixels. */
  readonly imageSize: number
  /** The crawler's name, as robots directives call it. */
  readonly productToken: string
  /** Which opt-outs count. */
  readonly obeyed: ReadonlySet<OptOut>
  /** Largest page, after decompression. */
  readonly maxBytes: number
  /** For the whole exchange. */
  readonly deadlineMs: number
  /** Whether to take the page's shape too; absent = no. */
  readonly shape?: boolean
  /** False = nobody looks for copies of the page, and it has no digest; absent = true. */
  readonly digest?: boolean
  /** False = nobody follows the page's links, and none is given; absent = true. */
  readonly links?: boolean
  /** Accept-Language; absent = none is sent. */
  readonly acceptLanguage?: string
  /** Whether somebody said that it is a sitemap or a feed: then its content alone decides, whatever its type. Default false. */
  readonly isNamed?: boolean
  /** Those of the redirects that led here, to which a redirect adds its own; absent = none are sent or kept. */
  readonly cookies?: ChainCookies
  /** Whether pages are handed on with their HTML. Default false. */
  readonly withSource?: boolean
  /** Rules of sites; absent = there are none. */
  readonly rules?: RuleBook
}

export const defaultVisitOptions = {
  imageSize: 512,
  obeyed: allOptOuts,
  maxBytes: 5 * 1024 * 1024,
  deadlineMs: 30_000,
} as const satisfies Partial<VisitOptions>

/** A listing that was unfolded may be ten times as long; its copies have the same beginning. Characters. */
const maxDigested = defaultVisitOptions.maxBytes

export interface VisitDeps {
  readonly fetch: Fetch
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** 0 <= x < 1. */
  readonly random: () => number
  /** Waits until a slice of long work may run; absent = the next round of the event loop. */
  readonly turn?: Turn
  /** Is told how long this process worked on the page, slice by slice, in milliseconds. */
  readonly worked?: (ms: number) => void
  /** Is told what was found in a page of HTML, and what became of it. */
  readonly onRead?: (read: ReadPage) => void
}

/** One hop: fetches a page, decodes and reads it. The caller has checked robots and holds the host's slot. */
export async function visit(
  deps: VisitDeps,
  url: LeasedUrl,
  options: VisitOptions,
  signal: AbortSignal,
): Promise<VisitOutcome> {
  let type = 'unknown' as MediaType
  let optedOut = null as Refusal | null
  const cookie = options.cookies?.valueFor(url.url) ?? null
  const outcome = await deps.fetch(
    {
      url: url.url,
      ...(cookie === null ? {} : { cookie }),
      accept: 'text/html,application/xhtml+xml;q=0.9',
      ...(options.acceptLanguage === undefined ? {} : { acceptLanguage: options.acceptLanguage }),
      maxBytes: options.maxBytes,
      deadlineMs: options.deadlineMs,
      onHead: (head) => {
        type = mediaTypeOf(head, url.url)
        if (!isSuccess(head.status) || (type === 'other' && options.isNamed !== true)) return 'stop'
        optedOut = headRefusal(head.headers, options)
        return optedOut === null ? 'read' : 'stop'
      },
      onPrefix: (soFar) => (contentOf(soFar, type, options) === null ? 'stop' : 'enough'),
      isWhole: (_, body) => hasEndTag(body),
    },
    signal,
  )
  if (outcome.kind === 'redirect') {
    options.cookies?.take(url.url, outcome.head, deps.now())
    const to = canonicalUrl(outcome.location)
    const { status } = outcome.head
    return to === null
      ? skipped('bad_url', 'redirect to an unusable URL', status)
      : { kind: 'redirect', to, status }
  }
  if (outcome.kind === 'failed') return failure(deps, outcome, url.attempts)
  const { head, body } = outcome
  const { headers, status } = head
  if (!isSuccess(status)) return refusal(deps, head, url.attempts)
  const contentType = headers['content-type'] ?? null
  const other = (): VisitOutcome => {
    const detail =
      type === 'other'
        ? (contentType ?? '')
        : `${contentType ?? 'no Content-Type'}, and a body of another kind`
    return skipped('not_html', detail, status)
  }
  if (type === 'other' && options.isNamed !== true) return other()
  if (optedOut !== null) {
    const detail = `${optedOut.rule}: ${optedOut.value} (${optedOut.source})`
    return { kind: 'skipped', reason: 'opt_out', detail, status, refusal: optedOut }
  }
  if (body.length === 0) return skipped('empty', `HTTP ${status}`, status)
  const seen: Seen = { url: url.url, status, bytes: body.length }
  const content = contentOf(body, type, options)
  // A body that was unfolded once already may not grow beyond a page by being unfolded again.
  const plain =
    content === 'gzip'
      ? await unfolded(body, headers['content-encoding'] === undefined ? undefined : options.maxBytes)
      : body
  if ('kind' in plain) return skipped(plain.reason, plain.detail, status)
  const kind = content === 'gzip' ? contentOf(plain, type, options) : content
  try {
    if (kind === null || kind === 'gzip') return other()
    if (kind === 'html') {
      const rule = (await options.rules?.rulesFor([seen.url]))?.(seen.url) ?? null
      return await inSlices(visitedPage(plain, headers, seen, options, rule, deps.onRead), deps, signal)
    }
    const listing = await inSlices(visitedListing(plain, headers, seen, options, kind), deps, signal)
    if (listing === null) return other()
    return isBare(listing.page) ? skipped('no_entries', '', status) : listing
  } catch (error) {
    if (!signal.aborted) throw error
    return { kind: 'retry', reason: 'cancelled', delayMs: 0, detail: 'the signal was aborted' }
  }
}

type Seen = Pick<Page, 'url' | 'status' | 'bytes'>
type VisitedPage = Extract<VisitOutcome, { kind: 'page' }>

/** null = it is no listing. */
function* visitedListing(
  body: Uint8Array,
  headers: ResponseHead['headers'],
  seen: Seen,
  options: VisitOptions,
  kind: 'listing' | 'urls',
): Steps<VisitedPage | null> {
  const listing: ListingPage | null = yield* listingPage(body, headers, seen.url, options, kind === 'urls')
  if (listing === null) return null
  const { text, ...page } = listing
  return { kind: 'page', page: { ...seen, ...digestOf(text, seen.url, options), ...page } }
}

/** Whether a listing names nothing at all. */
function isBare({ links, linksClosed, linksBeyond = 0, imagesSeen }: Page): boolean {
  return links.length + linksClosed + linksBeyond + imagesSeen === 0
}

function* visitedPage(
  body: Uint8Array,
  headers: ResponseHead['headers'],
  seen: Seen,
  options: VisitOptions,
  rule: PageRule | null,
  onRead: VisitDeps['onRead'],
): Steps<VisitedPage> {
  const html = yield* decodingSteps(body, headers['content-type'] ?? null)
  const read = yield* pageSteps(html, seen.url, {
    imageSize: options.imageSize,
    productToken: options.productToken,
    obeyed: options.obeyed,
    contentLanguage: headers['content-language'] ?? null,
    xRobotsTag: headers['x-robots-tag'] ?? null,
    ...(options.links === undefined ? {} : { links: options.links }),
    rule,
  })
  yield
  onRead?.(read)
  const { page: extracted, signs, document } = read
  const page = { ...seen, ...digestOf(html, seen.url, options), ...withRefresh(extracted, headers, seen.url) }
  yield
  return {
    kind: 'page',
    page: options.shape === true ? { ...page, shape: shapeOfDocument(document, page) } : page,
    ...(options.withSource === true ? { source: { html, headers, signs } } : {}),
  }
}

/** A Refresh header leads on as the meta element of that name does. */
function withRefresh(page: ExtractedPage, headers: ResponseHead['headers'], url: string): ExtractedPage {
  const target = /^\s*[\d.]+\s*[;,]\s*(?:url\s*=\s*)?["']?([^"']+)/i.exec(headers.refresh ?? '')?.[1]
  const link = target === undefined ? null : canonicalUrl(target.trim(), url)
  if (link === null || link === url || (page.links.length === 0 && page.linksClosed > 0)) return page
  return { ...page, links: [...new Set([...page.links, link])] }
}

function digestOf(text: string, url: string, { digest }: VisitOptions): Pick<Page, 'digest'> {
  return digest === false ? {} : { digest: pageDigest(text.slice(0, maxDigested), url) }
}

function failure(
  deps: VisitDeps,
  outcome: Extract<FetchOutcome, { kind: 'failed' }>,
  attempts: number,
): VisitOutcome {
  const { reason, detail, lasting = false } = outcome
  // The caller ended it, so the URL is as good as before.
  if (reason === 'cancelled') return { kind: 'retry', reason, delayMs: 0, detail }
  const verdict = retryOf({ failure: reason, lasting }, attempts, deps.now(), deps.random)
  return verdict.kind === 'final'
    ? skipped(reason, detail)
    : { kind: 'retry', reason, delayMs: verdict.delayMs, detail }
}

function refusal(deps: VisitDeps, head: ResponseHead, attempts: number): VisitOutcome {
  const { status } = head
  const reason = reasonOf(status)
  const detail = `HTTP ${status}`
  const verdict = retryOf(
    { status, retryAfter: head.headers['retry-after'] ?? null },
    attempts,
    deps.now(),
    deps.random,
  )
  return verdict.kind === 'final'
    ? skipped(reason, detail, status)
    : { kind: 'retry', reason, delayMs: verdict.delayMs, detail, status }
}

function reasonOf(status: number): PageSkipReason {
  if (status === 429) return 'http_429'
  if (status >= 400 && status < 500) return 'http_4xx'
  return status >= 500 && status < 600 ? 'http_5xx' : 'http_other'
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

function skipped(reason: PageSkipReason, detail: string, status?: number): VisitOutcome {
  return { kind: 'skipped', reason, detail, ...(status === undefined ? {} : { status }) }
}

/** Kind of body by its Content-Type; `listing` = XML, which may be a sitemap or a feed; `unknown` = it says nothing, so the body must. */
type MediaType = 'html' | 'listing' | 'unknown' | 'other'

/** Content of a body, or of its beginning; `urls` = a list of them, one a line. null = nothing of use. */
function contentOf(
  body: Uint8Array,
  type: MediaType,
  { isNamed = false }: VisitOptions,
): 'html' | 'listing' | 'urls' | 'gzip' | null {
  const isFile = type === 'listing' || isNamed
  if (isFile && isGzip(body)) return 'gzip'
  if (looksBinary(body)) return null
  if (looksLikeListing(body)) return 'listing'
  if (type === 'html') return 'html'
  if (isNamed && looksLikeUrls(body)) return 'urls'
  if (type === 'listing') return looksLikeXhtml(body) ? 'html' : null
  return type === 'unknown' && looksLikeHtml(body) ? 'html' : null
}

function mediaTypeOf(head: ResponseHead, url: string): MediaType {
  const type = head.headers['content-type']?.split(/[;,]/, 1)[0]?.trim().toLowerCase() ?? ''
  if (type === 'text/html' || type === 'application/xhtml+xml') return 'html'
  if (mayBeListing(type, url)) return 'listing'
  return type.includes('/') && !unknownTypes.has(type) ? 'other' : 'unknown'
}

/** Types that servers send which do not know the type (WHATWG MIME Sniffing, section 7). */
const unknownTypes: ReadonlySet<string> = new Set(['unknown/unknown', 'application/unknown', '*/*'])
