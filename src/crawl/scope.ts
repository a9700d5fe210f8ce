import { registrableDomain } from '../net/index.js'
import { type FrontierUrl, hostNameOf, hostOf, patternMatches } from '../records/index.js'
import { isPictureUrl } from './extract/picture-url.js'

export type Scope = 'host' | 'domain' | 'any'

export interface ScopeRules {
  readonly scope: Scope
  /** Links away from the seed, from 0; null = no limit. */
  readonly maxDepth: number | null
  /**
   * Patterns on the whole canonical URL: a glob (`*` = any run of characters, `?` = any one), or a regular
   * expression between slashes. Empty = everything. A seed (and where it redirects to) need not match.
   */
  readonly include: readonly string[]
  /** Patterns as above; one match is enough to leave a URL out, seeds as well. */
  readonly exclude: readonly string[]
}

export type ScopeVerdict = 'in' | 'out_of_scope' | 'too_deep' | 'excluded' | 'picture'

/** Anchor that `scope` holds a URL's descendants to: its host, its registrable domain (else its host name), or nothing (''). */
export function anchorOf(url: string, scope: Scope): string {
  if (scope === 'any') return ''
  const host = hostOf(url)
  if (scope === 'host') return host
  return domainOf(host)
}

/** The registrable domain of a politeness key, else its host name. */
export function domainOf(host: string): string {
  const name = hostNameOf(host)
  return registrableDomain(name) ?? name
}

/** Asked when a URL is found and again when it is leased, as the rules may have changed in between. */
export function scopeVerdict(url: FrontierUrl, rules: ScopeRules): ScopeVerdict {
  if (rules.maxDepth !== null && url.depth > rules.maxDepth) return 'too_deep'
  if (rules.scope !== 'any' && anchorOf(url.url, rules.scope) !== url.anchor) return 'out_of_scope'
  if (rules.exclude.some((pattern) => patternMatches(pattern, url.url))) return 'excluded'
  if (url.depth > 0 && isPictureUrl(url.url)) return 'picture'
  if (url.depth === 0 || rules.include.length === 0) return 'in'
  return rules.include.some((pattern) => patternMatches(pattern, url.url)) ? 'in' : 'excluded'
}
