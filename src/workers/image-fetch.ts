import { canonicalUrl, headRefusal, type OptOutRules, type Refusal } from '../crawl/index.js'
import { type FetchImage, type ImageFetched, isWholeImage } from '../filter/index.js'
import { ChainCookies, type Fetch, type FetchOutcome, type FetchRequest } from '../net/index.js'
import type { Permission } from '../records/index.js'
import { hostOf } from '../records/index.js'
import { createSemaphore, type Semaphore } from '../timing/index.js'
import type { Permit, Slots } from './hosts/index.js'
import { answered, type ImageTry, noSlot, notFetched, notPermitted } from './image-verdict.js'
import type { Rejects } from './rejects.js'

interface ImageFetchDeps {
  readonly fetch: Fetch
  readonly permit: Permit
  readonly slots: Pick<Slots, 'take' | 'delayMs' | 'slowDown'>
  readonly optOuts: OptOutRules
  readonly rejects: Rejects
  readonly now: () => number
  readonly random: () => number
}

const maxRedirects = 5
const deadlineMs = 30_000
/** Fetches of images at once from a host with a delay, which answers so late that the delay lets one begin before the last has ended. */
const spacedFetches = 4
const accept = 'image/avif,image/webp,image/png,image/jpeg,image/*;q=0.8'

interface ImageFetchSettings {
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
    const soFar = (): ImageTry => ({ attempts, permission, now: deps.now(), random: deps.random })

    const cookies = new ChainCookies()
    const taken = new Set<string>()
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const by = (await deps.rejects.current(signal)).ofUrls([url])
      if (by !== null) return { kind: 'rejected', reason: by, detail: null, permission }
      const host = hostOf(url)
      const cookie = cookies.valueFor(url)
      const state = `${url}\n${cookie ?? ''}`
      if (taken.has(state))
        return { kind: 'rejected', reason: 'redirects', detail: `back to ${url}`, permission }
      taken.add(state)
      const hop = await semaphoreOf(host)(async (): Promise<FetchOutcome | ImageFetched> => {
        const takeSlot = async (slotHost: string) => (await deps.slots.take(slotHost, signal)).kind === 'go'
        const permitted = await askingOf(new URL(url).origin)(() => deps.permit(url, takeSlot, signal))
        if (permitted.kind !== 'busy') permission = permitted.permission
        if (permitted.kind !== 'allowed') return notPermitted(permitted, soFar())
        // Slots that were reserved before robots.txt was read know nothing of its delay.
        deps.slots.slowDown(host, permitted.crawlDelayMs)
        const slot = await deps.slots.take(host, signal)
        if (slot.kind === 'later') return noSlot(slot, soFar())
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
      if (hop.kind === 'failed') return notFetched(hop, soFar())
      if (hop.kind === 'response') return answered(url, hop, refusal, soFar())
      cookies.take(url, hop.head, deps.now())
      const next = canonicalUrl(hop.location)
      if (next === null)
        return { kind: 'rejected', reason: 'bad_url', detail: `redirect to ${hop.location}`, permission }
      url = next
    }
    return { kind: 'rejected', reason: 'redirects', detail: `more than ${maxRedirects}`, permission }
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
