import { mostSpecific, normalizePattern, type RuleSet, robotsPath, ruleSet } from '../robots/index.js'

/** One rule of a /.well-known/tdmrep.json (TDM Reservation Protocol). */
export interface TdmRule {
  readonly reserved: boolean
  /** As compared; see robots/pattern.ts. */
  readonly pattern: string
  /** As written. */
  readonly location: string
}

/** Whether a `tdm-reservation` header or meta reserves rights; a repeated one does if any does. */
export function reservesRights(value: string): boolean {
  return /(?:^|,)\s*"?1"?\s*(?:,|$)/.test(value)
}

/**
 * Reads a tdmrep.json. What is no JSON at all is some page that a server gives for every address, and says nothing; what begins as JSON and breaks
 * off may say anything, and reserves everything.
 */
export function parseTdmRules(body: string): RuleSet<TdmRule> {
  const text = body.replace(/^\uFEFF/, '').trim()
  if (!/^[[{]/.test(text)) return ruleSet([], reservedFirst)
  const parsed = jsonOf(text)
  if (parsed === undefined)
    return ruleSet([{ reserved: true, pattern: '/', location: 'unreadable' }], reservedFirst)
  const entries: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed]
  return ruleSet(entries.flatMap(ruleOf), reservedFirst)
}

/** The rule that decides about a URL: the most specific one, and one that reserves before one that does not; null = none matches. */
export function decidingTdmRule(rules: RuleSet<TdmRule>, url: string): TdmRule | null {
  return mostSpecific(rules, robotsPath(url), reservedFirst)
}

const reservedFirst = ({ reserved }: TdmRule): number => (reserved ? 0 : 1)

function ruleOf(entry: unknown): TdmRule[] {
  if (typeof entry !== 'object' || entry === null) return []
  const { location, 'tdm-reservation': reservation } = entry as Record<string, unknown>
  if (typeof location !== 'string') return []
  const reserved = reservation === 1 || reservation === '1' || reservation === true
  const pattern = normalizePattern(location.trim(), false)
  return pattern === null ? [] : [{ reserved, pattern, location }]
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
