import { hostOf, type LinkedFrom, type TrapReason, trapVerdict, withoutSession } from '../crawl/index.js'
import { createRecent } from './recent.js'

/** The page with the very same HTML that is one too many on its host. */
const maxAlike = 3

/** What this process remembers of the pages that it saw, to tell traps by. It may forget any of it. */
export interface Traps {
  /** Why a link is not followed; null = it may be. */
  linkVerdict(url: string, from: LinkedFrom): TrapReason | null
  /** Whether the host gave the page with this digest under other URLs already, more often than honest sites do. One without a digest is no copy. */
  isCopy(url: string, digest: string | undefined): boolean
}

/**
 * Keeps up to `max` pages and sessions. A fleet's workers remember each their own: a trap costs each of them a few pages before it is one.
 */
export function createTraps(max: number, now: () => number): Traps {
  const withSession = createRecent<string>(max)
  const alike = createRecent<number>(max)
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
      const before = alike.get(key) ?? 0
      alike.set(key, before + 1)
      return before >= maxAlike
    },
  }
}
