import type { Backend } from '../../backend/index.js'
import {
  absentPath,
  isLikeAbsent,
  type Page,
  type PageShape,
  speaksOfAbsence,
  type Turn,
  type VisitOptions,
  visit,
} from '../../crawl/index.js'
import type { Fetch } from '../../net/index.js'
import { hostOf } from '../../records/index.js'
import { createLruMap } from './lru-map.js'
import type { Permit } from './permission.js'
import type { TakeSlot } from './site-file.js'

/** Shape of the page that a host shows for one that it has not; null = the host says so, or was not asked. */
export type Absent =
  | { readonly kind: 'known'; readonly shape: PageShape | null }
  /** Somebody else is asking, or there is no slot for it now. */
  | { readonly kind: 'busy'; readonly inMs: number }

/** Finds hosts that answer 200 for pages that they have not, and those pages. */
export interface Soft404s {
  /** Asks the host of the URL, once a day over all workers, where it has given pages enough for it to pay. */
  absentPage(url: string, takeSlot: TakeSlot, signal: AbortSignal): Promise<Absent>
  /** Takes note of a page that came, and says whether it is one that the host has not. `absent`: what absentPage() said before. */
  isAbsent(page: Page, absent: PageShape | null): boolean
}

interface Soft404Deps {
  readonly backend: Pick<Backend, 'claimSiteRecord' | 'putSiteRecord' | 'releaseSiteRecord'>
  readonly fetch: Fetch
  readonly permit: Permit
  /** See CrawlDeps. */
  readonly turn?: Turn
  readonly now: () => number
  readonly random: () => number
}

/** Pages that a host gives before it is asked, unless one of them has the title of an error. */
const pagesBefore = 5
/** Claim of a probe: longer than robots.txt, its neighbours and a page can take. */
const claimMs = 100_000
const lifeMs = 24 * 3600 * 1000
/** Another worker that holds the probe may have died: the answer is looked for again this soon. */
const busyMs = 1_000
/** A probe that came to nothing is repeated after this. */
const doubtMs = 3600 * 1000

interface Known {
  /** That were read. */
  pages: number
  /** One of them had the title of an error. */
  isSuspect: boolean
  /** The host shows other pages too: what looks like its page for what is not there says something. */
  showsOthers: boolean
  readonly answer: { readonly shape: PageShape | null; readonly untilMs: number } | null
}

const nothing: Known = { pages: 0, isSuspect: false, showsOthers: false, answer: null }

/** Remembers up to `max` hosts. */
export function createSoft404s(deps: Soft404Deps, options: VisitOptions, max: number): Soft404s {
  const hosts = createLruMap<Known>(max)
  /** Probes under way, by origin: several fetches of one session wait for one answer. */
  const asking = new Map<string, Promise<Absent>>()

  const ask = async (url: string, takeSlot: TakeSlot, signal: AbortSignal): Promise<Absent> => {
    const { origin, host } = new URL(url)
    const key = `${origin}/no-such-page`
    const answer = await deps.backend.claimSiteRecord(key, claimMs)
    if (answer.kind === 'busy') return { kind: 'busy', inMs: Math.min(answer.inMs, busyMs) }
    if (answer.kind === 'known') return { kind: 'known', shape: shapeIn(answer.record) }
    const asked = `${origin}${absentPath(deps.random)}`
    const permitted = await deps.permit(asked, takeSlot, signal)
    const isAllowed = permitted.kind === 'allowed'
    const isFetched = isAllowed && (await takeSlot(host))
    const outcome = isFetched ? await visit(deps, urlOf(asked), { ...options, shape: true }, signal) : null
    // No slot, or given up by us: another one asks.
    if (signal.aborted || permitted.kind === 'busy' || (isAllowed && !isFetched)) {
      await deps.backend.releaseSiteRecord(key)
      return { kind: 'busy', inMs: 1 }
    }
    const shape = outcome?.kind === 'page' ? (outcome.page.shape ?? null) : null
    const isSure = outcome !== null && outcome.kind !== 'retry'
    const ttlMs = isSure ? lifeMs : doubtMs
    await deps.backend.putSiteRecord({ key, host, record: { shape }, detail: '', ttlMs, crawlDelayMs: 0 })
    return { kind: 'known', shape }
  }

  return {
    absentPage: async (url, takeSlot, signal) => {
      const host = hostOf(url)
      const known = hosts.get(host) ?? nothing
      if (known.answer !== null && known.answer.untilMs > deps.now()) {
        return { kind: 'known', shape: known.answer.shape }
      }
      if (known.pages < pagesBefore && !known.isSuspect) return { kind: 'known', shape: null }
      const { origin } = new URL(url)
      const question = asking.get(origin) ?? ask(url, takeSlot, signal).finally(() => asking.delete(origin))
      asking.set(origin, question)
      const absent = await question
      if (absent.kind === 'known') {
        const answer = { shape: absent.shape, untilMs: deps.now() + doubtMs }
        hosts.set(host, { ...(hosts.get(host) ?? nothing), answer })
      }
      return absent
    },
    isAbsent: (page, absent) => {
      const host = hostOf(page.url)
      const known = hosts.get(host) ?? nothing
      const isComparable = absent !== null && page.shape !== undefined
      const isLike = isComparable && isLikeAbsent(page.shape, absent)
      hosts.set(host, {
        ...known,
        pages: known.pages + 1,
        isSuspect: known.isSuspect || speaksOfAbsence(page.title),
        showsOthers: known.showsOthers || (isComparable && !isLike),
      })
      return isLike && known.showsOthers
    },
  }
}

/** The record is one that `ask` wrote, or an earlier version, which had no `shape` there. */
function shapeIn(record: unknown): PageShape | null {
  return (record as { readonly shape?: PageShape | null }).shape ?? null
}

function urlOf(url: string) {
  return { id: 0, url, depth: 0, anchor: '', redirects: 0, attempts: 0 }
}
