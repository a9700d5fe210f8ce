import {
  createRuleBook,
  defaultVisitOptions,
  type PageTrace,
  pageTrace,
  type ReadPage,
  type ScopeRules,
  type VisitOptions,
  type VisitOutcome,
  visit,
} from '../../crawl/index.js'
import {
  captionKey,
  createDevelopApart,
  type Develop,
  type FilterOptions,
  filterBatch,
  type JudgedCaption,
  judgeCaptions,
} from '../../filter/index.js'
import { ChainCookies, type Fetch, maxRetries } from '../../net/index.js'
import type { RunOptions } from '../../options/index.js'
import type { Candidate, Permission } from '../../records/index.js'
import { hostOf, noRefusals } from '../../records/index.js'
import { createSemaphore } from '../../timing/index.js'
import {
  createPermission,
  createSlots,
  groupsOf,
  type Permit,
  refusedBy,
  type Slots,
} from '../hosts/index.js'
import { createImageFetch } from '../image-fetch.js'
import { filterOptions, optOutRules } from '../pipeline.js'
import { nothingRejected } from '../rejects.js'
import type { ImageVerdict, InspectedPage, Inspection, Unread } from './inspection.js'
import { type HostsBackend, loneHosts } from './lone-hosts.js'

interface InspectDeps {
  readonly fetch: Fetch
  /** See Net. */
  readonly placeOf: (host: string) => Promise<string | null>
  readonly develop: Develop
  readonly now: () => number
  readonly random: () => number
}

export interface InspectTarget {
  /** Of the page. */
  readonly url: string
  /** Its HTML; null = it is fetched. */
  readonly file: Uint8Array | null
  /** Whether its images are fetched and judged too. */
  readonly withImages: boolean
}

const maxRedirects = 5
/** Longest wait for a slot of a host. */
const windowMs = 120_000
const decodesAtOnce = 2

/** What a run with these options would take from one page, by the code of a run: permission, slots, the visit, the rules of captions and images. */
export async function inspectPage(
  deps: InspectDeps,
  options: RunOptions,
  target: InspectTarget,
  signal: AbortSignal,
): Promise<Inspection> {
  const hosts = loneHosts(deps.now)
  const permit = createPermission({
    backend: hosts,
    fetch: deps.fetch,
    now: deps.now,
    ...optOutRules(options),
  })
  const seen = await seePage({ ...deps, hosts, permit }, options, target, signal)
  if (seen.kind === 'unread') return seen
  const { trace, ...page } = seen
  const judged = await judgedCaptions(trace.pictures, options)
  const images = target.withImages
    ? await imagesOf({ ...deps, hosts, permit }, options, trace.pictures, signal)
    : new Map<Candidate, ImageVerdict>()
  const pictures = trace.pictures.map(({ candidate, ...picture }, i) => ({
    ...picture,
    captions: judged[i] ?? [],
    image: candidate === null ? null : (images.get(candidate) ?? null),
  }))
  return { ...page, ...trace, pictures }
}

interface Asking extends InspectDeps {
  readonly hosts: HostsBackend
  readonly permit: Permit
}

type PageSeen = Omit<InspectedPage, keyof PageTrace> & { readonly trace: PageTrace }

/** Visits the page hop by hop, or reads its file as if it had been the answer. */
async function seePage(
  deps: Asking,
  options: RunOptions,
  { url: start, file }: InspectTarget,
  signal: AbortSignal,
): Promise<PageSeen | Unread> {
  const rules = createRuleBook(options.rules)
  const { imageSize } = options
  const settings = {
    ...defaultVisitOptions,
    imageSize,
    ...optOutRules(options),
    digest: false,
    rules,
    cookies: new ChainCookies(),
  }
  const slots = slotsOf(deps, options.delayMs)
  const redirects: string[] = []
  let url = start
  let permission: Permission | null = null
  const unread = (reason: string, detail: string): Unread => ({
    kind: 'unread',
    url,
    reason,
    detail,
    permission,
  })
  while (redirects.length <= maxRedirects) {
    if (file === null) {
      const permitted = await permittedPage(deps, slots, url, signal)
      permission = permitted.permission
      if (permitted.kind === 'unread') return unread(permitted.reason, permitted.detail)
    }
    let read = null as ReadPage | null
    const fetch = file === null ? deps.fetch : answering(file)
    const onRead = (page: ReadPage) => {
      read = page
    }
    const visited: VisitOutcome = await visit(
      { ...deps, fetch, onRead },
      // An answer is final: nobody comes back to it.
      { id: 0, url, depth: 0, anchor: '', redirects: 0, attempts: maxRetries },
      settings satisfies VisitOptions,
      signal,
    )
    signal.throwIfAborted()
    if (visited.kind === 'redirect') {
      redirects.push(url)
      url = visited.to
    } else if (visited.kind !== 'page') return unread(visited.reason, visited.detail)
    else if (read === null) return unread('not_html', 'a sitemap or feed, which has no picture elements')
    else {
      const trace = pageTrace(read, url, scopeOf(options), deps.now())
      const rule = rules.siteRuleOf(url)?.hosts ?? null
      return { kind: 'page', url, redirects, status: visited.page.status, permission, rule, trace }
    }
  }
  return unread('redirects', `more than ${maxRedirects}`)
}

function scopeOf({ scope, maxDepth, include, exclude }: RunOptions): ScopeRules {
  return { scope, maxDepth, include, exclude }
}

function slotsOf({ hosts, placeOf, now }: Asking, delayMs: number): Slots {
  const groupsOfHost = async (host: string) => groupsOf(host, await placeOf(host))
  return createSlots({ backend: hosts, groupsOf: groupsOfHost, now }, delayMs, windowMs)
}

type PagePermitted =
  | { readonly kind: 'allowed'; readonly permission: Permission }
  | ({ readonly kind: 'unread' } & Pick<Unread, 'reason' | 'detail' | 'permission'>)

/** Asks for permission, and waits for the slot of the fetch. */
async function permittedPage(
  { permit }: Asking,
  slots: Slots,
  url: string,
  signal: AbortSignal,
): Promise<PagePermitted> {
  const takeSlot = async (host: string) => (await slots.take(host, signal)).kind === 'go'
  const permitted = await permit(url, takeSlot, signal)
  signal.throwIfAborted()
  if (permitted.kind === 'busy')
    return { kind: 'unread', reason: 'host_stalled', detail: 'no slot came free', permission: null }
  const { permission } = permitted
  if (permitted.kind === 'hopeless')
    return { kind: 'unread', reason: permitted.reason, detail: permitted.detail, permission }
  if (permitted.kind === 'unreachable')
    return { kind: 'unread', reason: 'host_stalled', detail: permission.rule, permission }
  if (permitted.kind === 'forbidden') {
    const detail = `${permission.rule}: ${permission.value ?? ''} (${permission.source})`
    return { kind: 'unread', reason: refusedBy(permission), detail, permission }
  }
  slots.slowDown(hostOf(url), permitted.crawlDelayMs)
  return (await takeSlot(hostOf(url)))
    ? { kind: 'allowed', permission }
    : { kind: 'unread', reason: 'host_stalled', detail: 'no slot came free', permission }
}

/** A fetch that is answered from a file. */
function answering(body: Uint8Array): Fetch {
  return async ({ onHead, onPrefix }) => {
    const head = { status: 200, headers: { 'content-type': 'text/html' } }
    onHead?.(head)
    return { kind: 'response', head, body, stopped: onPrefix?.(body) === 'stop' }
  }
}

async function judgedCaptions(
  pictures: PageTrace['pictures'],
  options: RunOptions,
): Promise<readonly (readonly JudgedCaption[])[]> {
  const captionCounts = countsOn(pictures.flatMap(({ candidate }) => candidate ?? []))
  const texts = pictures.map(({ captions, language }) => ({ captions, pageLanguage: language }))
  return judgeCaptions({ captionCounts }, texts, filterOptions(options))
}

/** How many of these candidates carry each text: of a run nothing else is known. */
function countsOn(candidates: readonly Candidate[]): (keys: readonly string[]) => Promise<readonly number[]> {
  const counts = new Map<string, number>()
  for (const { captions } of candidates)
    for (const key of new Set(captions.map(({ text }) => captionKey(text))))
      counts.set(key, (counts.get(key) ?? 0) + 1)
  return async (keys) => keys.map((key) => counts.get(key) ?? 0)
}

/** Fetches and judges the images of all candidates as one batch. */
async function imagesOf(
  deps: Asking,
  options: RunOptions,
  pictures: PageTrace['pictures'],
  signal: AbortSignal,
): Promise<ReadonlyMap<Candidate, ImageVerdict>> {
  const candidates = pictures.flatMap(({ candidate }) => candidate ?? [])
  const filter: FilterOptions = filterOptions(options)
  const slots = slotsOf(deps, options.imageDelayMs)
  const { rows, deferred } = await filterBatch(
    {
      fetchImage: createImageFetch(
        { ...deps, slots, optOuts: optOutRules(options), rejects: nothingRejected },
        { maxBytes: filter.maxBytes, hostConcurrency: options.hostConcurrency },
      ),
      refusals: async () => noRefusals,
      develop: deps.develop,
      developApart: createDevelopApart(),
      decoding: createSemaphore(decodesAtOnce),
      now: deps.now,
      preprocessing: null,
      score: null,
      tagger: null,
      modelId: null,
      modelThreshold: null,
      findDuplicates: async () => [],
      captionCounts: countsOn(candidates),
    },
    candidates.map((body, id) => ({ id, attempts: finalTry, body })),
    filter,
    signal,
  )
  const late = new Set(deferred.map(({ id }) => id))
  const judged = candidates.filter((_, id) => !late.has(id))
  return new Map(
    rows.flatMap(({ row }, i) => {
      const candidate = judged[i]
      if (candidate === undefined) return []
      const { reason, detail, url, originalWidth: width, originalHeight: height } = row
      return [[candidate, { reason, detail, url, width, height }] as const]
    }),
  )
}

/** More tries than any failure is given: what comes of this one is final. */
const finalTry = 100
