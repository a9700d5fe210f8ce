import type { OptOut } from '../../records/index.js'
import { decidingRule, decidingUsage, type RobotsRules, type RuleSet } from '../robots/index.js'
import { type Refusal, refusal } from './opt-outs.js'
import { decidingTdmRule, type TdmRule } from './tdm.js'
import type { UsageSignal } from './usage.js'

/** Files beside robots.txt in which a site speaks of all that it serves, and the opt-out that each is. */
export const siteFiles = {
  tdm: { path: '/.well-known/tdmrep.json', source: 'tdmrep.json' },
  'ai-txt': { path: '/ai.txt', source: 'ai.txt' },
} as const satisfies Partial<Record<OptOut, { readonly path: string; readonly source: Refusal['source'] }>>

/** Value of a refusal by a file with more rules than are looked at: doubt forbids. */
const tooMany = 'too many rules'

/** Opt-out in robots.txt against the use of a URL, as against fetching it: its Content-Usage and Content-Signal lines; null = none. */
export function robotsUsageRefusal(
  rules: RobotsRules,
  url: string,
  obeyed: ReadonlySet<OptOut>,
): Refusal | null {
  return usageRefusal('aipref') ?? usageRefusal('content-signal')

  function usageRefusal(signal: UsageSignal): Refusal | null {
    if (!obeyed.has(signal)) return null
    if (rules.usage[signal].isTooMany) return refusal(signal, tooMany, 'robots.txt')
    const rule = decidingUsage(rules, signal, url)
    return rule?.preference === 'no' ? refusal(signal, rule.text, 'robots.txt') : null
  }
}

/** `rules`: of the site's tdmrep.json. */
export function tdmRefusal(rules: RuleSet<TdmRule>, url: string): Refusal | null {
  if (rules.isTooMany) return refusal('tdm', tooMany, 'tdmrep.json')
  const rule = decidingTdmRule(rules, url)
  return rule?.reserved === true ? refusal('tdm', `location ${rule.location}`, 'tdmrep.json') : null
}

/** ai.txt is written as robots.txt is, and read like it. */
export function aiTxtRefusal(rules: RobotsRules, url: string): Refusal | null {
  if (rules.rules.isTooMany) return refusal('ai-txt', tooMany, 'ai.txt')
  const rule = decidingRule(rules, url)
  return rule === null || rule.allow ? null : refusal('ai-txt', `Disallow: ${rule.text}`, 'ai.txt')
}
