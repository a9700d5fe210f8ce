import { type Pattern, patternMatches, patternOf } from './pattern.js'

/** Rules for paths, laid out so that asking costs little however many there are. A plain value. */
export interface RuleSet<Rule> {
  /** Rules that are a prefix, by that prefix; and those that are a whole path, by it with a `$` behind. */
  readonly plain: ReadonlyMap<string, Rule>
  /** How long the prefixes are, the longest first. */
  readonly prefixLengths: readonly number[]
  /** Those with a wildcard inside, most specific first. */
  readonly wild: readonly { readonly rule: Rule; readonly pattern: Pattern }[]
  /** There are more rules than are looked at, so what they say of a path is not known. */
  readonly isTooMany: boolean
}

/** Several times what the longest files of real sites have. */
const maxRules = 20_000
/** Each of these is tried on each path. */
const maxWildRules = 2_000

/** `rank`: of two rules equally long the one with the lower rank decides, and among equal patterns is the one that is kept. */
export function ruleSet<Rule extends { readonly pattern: string }>(
  rules: Iterable<Rule>,
  rank: (rule: Rule) => number,
): RuleSet<Rule> {
  const plain = new Map<string, Rule>()
  const wildRules = new Map<string, Rule>()
  for (const rule of rules) {
    // A star at the end changes nothing but how specific the rule is.
    const text = rule.pattern.endsWith('*') ? rule.pattern.slice(0, -1) : rule.pattern
    const same = text.includes('*') ? wildRules : plain
    const other = same.get(text)
    if (other === undefined || comes(rule, other, rank) < 0) same.set(text, rule)
    if (wildRules.size > maxWildRules || plain.size + wildRules.size > maxRules)
      return { plain: new Map(), prefixLengths: [], wild: [], isTooMany: true }
  }
  const lengths = new Set<number>()
  for (const text of plain.keys()) if (!text.endsWith('$')) lengths.add(text.length)
  return {
    plain,
    prefixLengths: [...lengths].sort((a, b) => b - a),
    wild: [...wildRules.values()]
      .sort((a, b) => comes(a, b, rank))
      .map((rule) => ({ rule, pattern: patternOf(rule.pattern) })),
    isTooMany: false,
  }
}

/** The most specific rule that matches (see robotsPath); null = none does. */
export function mostSpecific<Rule extends { readonly pattern: string }>(
  { plain, prefixLengths, wild }: RuleSet<Rule>,
  path: string,
  rank: (rule: Rule) => number,
): Rule | null {
  let best: Rule | null = plain.get(`${path}$`) ?? null
  for (const length of prefixLengths) {
    if (length > path.length) continue
    // With its star a pattern is one longer than its prefix.
    if (best !== null && best.pattern.length > length + 1) break
    const rule = plain.get(path.slice(0, length))
    if (rule !== undefined && (best === null || comes(rule, best, rank) < 0)) best = rule
  }
  for (const { rule, pattern } of wild) {
    if (best !== null && comes(best, rule, rank) <= 0) break
    if (patternMatches(pattern, path)) return rule
  }
  return best
}

function comes<Rule extends { readonly pattern: string }>(
  a: Rule,
  b: Rule,
  rank: (rule: Rule) => number,
): number {
  return b.pattern.length - a.pattern.length || rank(a) - rank(b)
}
