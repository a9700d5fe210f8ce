import { hostOf, patternsOf } from '../../records/index.js'
import type { PageRule, RuleOf } from './page-rule.js'
import type { SiteRule } from './site-rule.js'

/** The rules of a run. */
export interface RuleBook {
  /** Rule of a URL's host by its closest pattern; null = it has none. */
  readonly siteRuleOf: (url: string) => SiteRule | null
  /** Rules of some pages. What applies one is loaded where there is one, and not before. */
  readonly rulesFor: (urls: readonly string[]) => Promise<RuleOf>
}

export function createRuleBook(rules: readonly SiteRule[]): RuleBook {
  const byPattern = new Map(rules.flatMap((rule) => rule.hosts.map((host) => [host, rule] as const)))
  const siteRuleOf = (url: string): SiteRule | null => {
    if (byPattern.size === 0) return null
    const hostname = hostOf(url).replace(/:\d+$/, '')
    for (const pattern of patternsOf(hostname)) {
      const rule = byPattern.get(pattern)
      if (rule !== undefined) return rule
    }
    return null
  }
  return {
    siteRuleOf,
    rulesFor: async (urls) => {
      if (!urls.some((url) => siteRuleOf(url) !== null)) return noRule
      const { applied } = await import('./ruled-page.js')
      return (url): PageRule | null => {
        const rule = siteRuleOf(url)
        return rule === null ? null : (document) => applied(rule, document)
      }
    },
  }
}

const noRule: RuleOf = () => null
