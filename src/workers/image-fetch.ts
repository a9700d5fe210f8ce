import { canonicalUrl, headRefusal, hostOf, type OptOutRules, type Refusal } from '../crawl/index.js'
import { type FetchImage, type ImageFetched, isWholeImage } from '../filter/index.js'
import {
  ChainCookies,
  type Fetch,
  type FetchFailed,
  type FetchFailure,
  type FetchOutcome,
  type FetchRequest,
  retryOf,
} from '../net/index.js'
import type { Permission, RejectReason } from '../records/index.js'
import { createSemaphore, type Semaphore } from '../timing/index.js'
import { type Permit, permissionOf, refusedBy, type Slots } from './hosts/index.js'

export interface ImageFetchDeps {
  readonly fetch: Fetch
  readonly permit: Permit
  readonly slots: Pick<Slots, 'take' | 'delayMs' | 'slowDown'>
  readonly optOuts: OptOutRules
  readonly now: () => number
  readonly random: () => number
}

const maxRedirects = 5
const deadlineMs = 30_000
/** Fetches of images at once from a host with a delay, which answers so late that the delay lets one begin before the last has ended. */
const spacedFetches = 4
/** Times a candidate may be put back for a host that is not ready. */
const maxDeferrals = 3
/** How long for one whose robots.txt cannot be had; three times as long after each further try. */
const unreachableMs = 2_000
/** Times it may be put back because others are at work on its host's robots.txt, or on its neighbours: that is no fault of the host. */
const maxBusyDeferrals = 10
/**
 * How long for others who ask for robots.txt: twice as long each time. Who asks may have died, and its claim on the file stands for 100 s (claimMs in site-file.ts): all ten
 * waits together outlast it, so that no candidate is lost with a worker.
 */
const busyMs = 1_000
const maxBusyMs = 30_000
const accept = 'image/avif,image/webp,image/png,image/jpeg,image/*;q=0.8'

const failureReasons: Record<FetchFailure, RejectReason> = {
  bad_url: 'bad_url',
  address_refused: 'address_refused',
  dns: 'dns',
  connection: 'connection',
  tls: 'tls',
  timeout: 'timeout',
  too_large: 'too_large',
  body_cut: 'body_cut',
  encoding: 'encoding',
  headers: 'http_other',
  cancelled: 'timeout',
}

export interface ImageFetchSettings {
  readonly maxBytes: number
  /** Fetches at once from a host without a delay. */
  readonly hostConcurrency: number
}

/** The image fetcher of one batch: robots.txt, slots, redirects; each hop is asked about anew. */
export function createImageFetch(
  deps: ImageFetchDeps,
  { maxBytes, hostConcurrency }: ImageFetchSettings,
): FetchImage {
  const semaphoreOf = semaphoresOf((host) => (deps.slots.delayMs(host) > 0 ? spacedFetches : hostConcurrency))
  // One asks for robots.txt; the others of the batch wait for what it learns.
  const askingOf = semaphoresOf(() => 1)

  return async (start, attempts, inspect, signal) => {
    let url = start
    let permission: Permission | null = null
    let refusal = null as Refusal | null
    const onHead: NonNullable<FetchRequest['onHead']> = (head) => {
      if (head.status < 200 || head.status >= 300) return 'stop'
      refusal = headRefusal(head.headers, deps.optOuts)
      return refusal === null ? 'read' : 'stop'
    }
    const later = (
      reason: RejectReason,
      delayMs: number,
      detail: string,
      most = maxDeferrals,
    ): ImageFetched =>
      attempts >= most
        ? { kind: 'rejected', reason, detail, permission }
        : { kind: 'deferred', delayMs, reason }

    const cookies = new ChainCookies()
    const taken = new Set<string>()
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const host = hostOf(url)
      const cookie = cookies.valueFor(url)
      const state = `${url}\n${cookie ?? ''}`
      if (taken.has(state))
        return { kind: 'rejected', reason: 'redirects', detail: `back to ${url}`, permission }
      taken.add(state)
      const hop = await semaphoreOf(host)(async (): Promise<FetchOutcome | ImageFetched> => {
        const takeSlot = async (slotHost: string) => (await deps.slots.take(slotHost, signal)).kind === 'go'
        const permitted = await askingOf(new URL(url).origin)(() => deps.permit(url, takeSlot, signal))
        if (permitted.kind === 'busy')
          return later(
            'robots_unreachable',
            Math.max(permitted.inMs, Math.min(busyMs * 2 ** attempts, maxBusyMs)),
            'others ask for robots.txt',
            maxBusyDeferrals,
          )
        permission = permitted.permission
        if (permitted.kind === 'unreachable')
          return later(`${refusedBy(permission)}_unreachable`, unreachableMs * 3 ** attempts, permission.rule)
        if (permitted.kind === 'hopeless')
          return { kind: 'rejected', reason: permitted.reason, detail: permitted.detail, permission }
        if (permitted.kind === 'forbidden')
          return { kind: 'rejected', reason: refusedBy(permission), detail: permission.rule, permission }
        // Slots that were reserved before robots.txt was read know nothing of its delay.
        deps.slots.slowDown(host, permitted.crawlDelayMs)
        const slot = await deps.slots.take(host, signal)
        if (slot.kind === 'later') {
          return slot.crowded === true
            ? later('host_stalled', slot.inMs, 'too many hosts of its domain or address', maxBusyDeferrals)
            : later('host_stalled', slot.inMs, 'no slot of the host came free')
        }
        return deps.fetch(
          {
            url,
            ...(cookie === null ? {} : { cookie }),
            accept,
            maxBytes,
            deadlineMs,
            onHead,
            onPrefix: inspect,
            isWhole: (_, body) => isWholeImage(body),
          },
          signal,
        )
      })
      signal.throwIfAborted()
      if (hop.kind === 'deferred' || hop.kind === 'rejected' || hop.kind === 'bytes') return hop
      if (hop.kind === 'failed') return afterFailure(hop)
      if (hop.kind === 'response') return afterResponse(hop)
      cookies.take(url, hop.head, deps.now())
      const next = canonicalUrl(hop.location)
      if (next === null)
        return { kind: 'rejected', reason: 'bad_url', detail: `redirect to ${hop.location}`, permission }
      url = next
    }
    return { kind: 'rejected', reason: 'redirects', detail: `more than ${maxRedirects}`, permission }

    function afterFailure({ reason: failure, detail, lasting }: FetchFailed): ImageFetched {
      const retry = retryOf({ failure, lasting: lasting === true }, attempts, deps.now(), deps.random)
      if (retry.kind === 'retry') return later(failureReasons[failure], retry.delayMs, detail)
      return { kind: 'rejected', reason: failureReasons[failure], detail, permission }
    }

    function afterResponse(hop: Extract<FetchOutcome, { kind: 'response' }>): ImageFetched {
      const { status } = hop.head
      if (refusal !== null) {
        const said = permissionOf(refusal, deps.now())
        return {
          kind: 'rejected',
          reason: 'opt_out',
          detail: `${refusal.rule}: ${refusal.value}`,
          permission: said,
        }
      }
      if (status >= 200 && status < 300)
        return { kind: 'bytes', from: url, bytes: hop.body, stopped: hop.stopped, permission }
      const reason = status >= 500 ? 'http_5xx' : status >= 400 ? 'http_4xx' : 'http_other'
      const retryAfter = hop.head.headers['retry-after'] ?? null
      const retry = retryOf({ status, retryAfter }, attempts, deps.now(), deps.random)
      if (retry.kind === 'retry') return later(reason, retry.delayMs, `HTTP ${status}`)
      return { kind: 'rejected', reason, detail: `HTTP ${status}`, permission }
    }
  }
}

function semaphoresOf(limitOf: (key: string) => number): (key: string) => Semaphore {
  const gates = new Map<string, Semaphore>()
  return (key) => {
    const gate = gates.get(key) ?? createSemaphore(() => limitOf(key))
    gates.set(key, gate)
    return gate
  }
}
