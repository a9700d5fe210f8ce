import { createHash } from 'node:crypto'
import { type LinkedFrom, type TrapReason, trapVerdict, withoutSession } from '../../crawl/index.js'
import { hostOf } from '../../records/index.js'
import { createLruMap } from './lru-map.js'

/** Redirects from page to page that are followed in a row. */
export const maxRedirects = 5
/** The page with the very same HTML that is one too many on its host. */
const maxAlike = 3

/** Memory of this process of the pages that it saw, to tell traps by. Any of it may be forgotten. */
export interface Traps {
  /** Why a link is not followed; null = it may be. */
  linkVerdict(url: string, from: LinkedFrom): TrapReason | null
  /**
   * Whether the host gave the page with this digest under other URLs already, more often than honest sites do. One without a digest is no
   * copy, nor is a URL that is tried again.
   */
  isCopy(url: string, digest: string | undefined): boolean
  /** Whether a redirect ends where it began: at its own URL, or at one that led to it. */
  leadsBack(url: string, to: string): boolean
}

/**
 * Keeps up to `max` pages, sessions and redirects. A fleet's workers remember each their own: a trap costs each of them a few pages before it is one.
 */
export function createTraps(max: number, now: () => number): Traps {
  const withSession = createLruMap<string>(max)
  /** URLs, short, under which a host gave a page first. */
  const alike = createLruMap<readonly string[]>(max)
  const redirects = createLruMap<string>(max)
  return {
    linkVerdict: (url, from) => {
      const verdict = trapVerdict(url, from, now())
      if (verdict !== null) return verdict
      const plain = withoutSession(url)
      if (plain === null) return null
      const first = withSession.get(plain)
      if (first === undefined) withSession.set(plain, url)
      return first === undefined || first === url ? null : 'trap_session'
    },
    isCopy: (url, digest) => {
      if (digest === undefined) return false
      const key = `${hostOf(url)} ${digest}`
      const first = alike.get(key) ?? []
      const name = createHash('sha1').update(url).digest('base64url').slice(0, 10)
      if (first.includes(name)) return false
      const isCopy = first.length >= maxAlike
      // Set anew even so: what is met again and again is not forgotten.
      alike.set(key, isCopy ? first : [...first, name])
      return isCopy
    },
    leadsBack: (url, to) => {
      let at: string | undefined = to
      for (let hops = 0; hops <= maxRedirects && at !== undefined; hops++) {
        if (at === url) return true
        at = redirects.get(at)
      }
      redirects.set(url, to)
      return false
    },
  }
}
