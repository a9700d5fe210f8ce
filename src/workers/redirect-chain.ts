import type { VisitOutcome } from '../crawl/index.js'
import type { ChainCookies } from '../net/index.js'
import { maxRedirects } from './hosts/index.js'

/**
 * Follows a redirect that leads back into its own chain, with the cookies that the chain set by then: many sites answer so until theirs is
 * sent. `next` visits one URL; null = it is not to be asked. null = it leads nowhere but round.
 */
export async function followedBack(
  start: { readonly url: string; readonly cookie: string | null; readonly to: string },
  cookies: ChainCookies,
  next: (url: string) => Promise<VisitOutcome | null>,
): Promise<VisitOutcome | null> {
  const stateOf = (url: string, cookie: string | null) => `${url}\n${cookie ?? ''}`
  const taken = new Set([stateOf(start.url, start.cookie)])
  let url = start.to
  for (let hops = 0; hops < maxRedirects; hops++) {
    const cookie = cookies.valueFor(url)
    const state = stateOf(url, cookie)
    if (cookie === null || taken.has(state)) return null
    taken.add(state)
    const outcome = await next(url)
    if (outcome?.kind !== 'redirect') return outcome
    url = outcome.to
  }
  return null
}
