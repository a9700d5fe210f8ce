import type { OptOut } from '../../records/index.js'
import { decidingRule, patternMatches, type RobotsRules, robotsPath } from '../robots/index.js'
import { type Refusal, refusal } from './opt-outs.js'
import { decidingTdmRule, type TdmRule } from './tdm.js'
import { trainingPreference, type UsageSignal } from './usage.js'

/** Files beside robots.txt in which a site speaks of all that it serves, and the opt-out that each is. */
export const siteFiles = {
  tdm: { path: '/.well-known/tdmrep.json', source: 'tdmrep.json' },
  'ai-txt': { path: '/ai.txt', source: 'ai.txt' },
} as const satisfies Partial<Record<OptOut, { readonly path: string; readonly source: Refusal['source'] }>>

/** What robots.txt says of the use of a URL, as against fetching it: its Content-Usage and Content-Signal lines; null = nothing against it. */
export function robotsUsageRefusal(
  rules: RobotsRules,
  url: string,
  obeyed: ReadonlySet<OptOut>,
): Refusal | null {
  if (rules.usage.length === 0) return null
  const path = robotsPath(url)
  const matching = rules.usage.filter(({ pattern }) => patternMatches(pattern, path))
  return usageRefusal('aipref') ?? usageRefusal('content-signal')

  function usageRefusal(signal: UsageSignal): Refusal | null {
    if (!obeyed.has(signal)) return null
    const stated = matching
      .filter((rule) => rule.signal === signal)
      .map((rule) => ({ ...rule, preference: trainingPreference(rule.text, signal) }))
      .filter(({ preference }) => preference !== null)
    const longest = stated[0]?.pattern.length
    const no = stated.find(({ pattern, preference }) => pattern.length === longest && preference === 'no')
    return no === undefined ? null : refusal(signal, no.text, 'robots.txt')
  }
}

/** `rules`: of the site's tdmrep.json. */
export function tdmRefusal(rules: readonly TdmRule[], url: string): Refusal | null {
  const rule = decidingTdmRule(rules, url)
  return rule?.reserved === true ? refusal('tdm', `location ${rule.location}`, 'tdmrep.json') : null
}

/** ai.txt is written as robots.txt is, and read like it. */
export function aiTxtRefusal(rules: RobotsRules, url: string): Refusal | null {
  const rule = decidingRule(rules, url)
  return rule === null || rule.allow ? null : refusal('ai-txt', `Disallow: ${rule.text}`, 'ai.txt')
}
