import { normalizePattern, patternMatches, robotsPath } from './pattern.js'

export interface RobotsRule {
  readonly allow: boolean
  /** As written in the file. */
  readonly text: string
  /** As compared (see pattern.ts). */
  readonly pattern: string
}

/** A Content-Usage or Content-Signal line: what may be done with what is fetched. Not part of RFC 9309. */
export interface UsageRule {
  readonly signal: 'aipref' | 'content-signal'
  /** Of what it speaks, as compared (see pattern.ts); '/' = of everything. */
  readonly pattern: string
  /** The preferences as written. */
  readonly text: string
}

/** What a robots.txt says to one crawler (RFC 9309). */
export interface RobotsRules {
  /** Which groups they were taken from: those that name the product, else those for `*`; null = there were neither. */
  readonly group: 'product' | 'any' | null
  /** Most specific first, allow before disallow where they are equally long: the first that matches decides. */
  readonly rules: readonly RobotsRule[]
  /** Of the same groups, and what stands before the first group; most specific first. */
  readonly usage: readonly UsageRule[]
  /** Crawl-delay of the same groups, the longest one, at most a day; null = none. Not part of RFC 9309. */
  readonly crawlDelayMs: number | null
  /** Sitemap lines of the whole file, as written. */
  readonly sitemaps: readonly string[]
}

const maxCrawlDelayMs = 24 * 3600 * 1000

interface Group {
  readonly agents: string[]
  readonly rules: RobotsRule[]
  readonly usage: UsageRule[]
  crawlDelayMs: number | null
}

/**
 * Reads a robots.txt as RFC 9309 section 2 says. `productToken` is the crawler's name; of a whole User-Agent string its
 * leading token is taken. Unknown lines never end a group; groups for the same product are joined; rules before
 * any user-agent line are left out.
 */
export function parseRobots(body: string, productToken: string): RobotsRules {
  const product = leadingToken(productToken)
  const groups: Group[] = []
  const sitemaps: string[] = []
  const usageOfAll: UsageRule[] = []
  let current: Group | null = null
  let openForAgents = false
  for (const line of body.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    const [key, value] = keyAndValue(line)
    if (key === 'user-agent') {
      if (current === null || !openForAgents) {
        current = { agents: [], rules: [], usage: [], crawlDelayMs: null }
        groups.push(current)
        openForAgents = true
      }
      current.agents.push(agentToken(value))
    } else if (key === 'allow' || key === 'disallow') {
      openForAgents = false
      const pattern = normalizePattern(value, key === 'allow')
      if (current !== null && pattern !== null)
        current.rules.push({ allow: key === 'allow', text: value, pattern })
    } else if (key === 'crawl-delay') {
      if (current !== null) current.crawlDelayMs = longer(current.crawlDelayMs, delayMs(value))
    } else if (key === 'content-usage' || key === 'content-signal') {
      const rule = usageRule(key, value)
      if (rule !== null) (current?.usage ?? usageOfAll).push(rule)
    } else if (key === 'sitemap' && value !== '') {
      sitemaps.push(value)
    }
  }
  const named = product === '' ? [] : groups.filter((group) => group.agents.includes(product))
  const chosen = named.length > 0 ? named : groups.filter((group) => group.agents.includes('*'))
  return {
    group: chosen.length === 0 ? null : named.length > 0 ? 'product' : 'any',
    rules: chosen.flatMap((group) => group.rules).sort(bySpecificity),
    usage: [...usageOfAll, ...chosen.flatMap((group) => group.usage)].sort(
      (a, b) => b.pattern.length - a.pattern.length,
    ),
    crawlDelayMs: chosen.reduce<number | null>((most, group) => longer(most, group.crawlDelayMs), null),
    sitemaps,
  }
}

/** The rule that decides about a URL (RFC 9309 section 2.2.2); null = none matches, so it is allowed. */
export function decidingRule(rules: RobotsRules, url: string): RobotsRule | null {
  const path = robotsPath(url)
  return rules.rules.find((rule) => patternMatches(rule.pattern, path)) ?? null
}

function bySpecificity(a: RobotsRule, b: RobotsRule): number {
  return b.pattern.length - a.pattern.length || Number(b.allow) - Number(a.allow)
}

function keyAndValue(line: string): [key: string, value: string] {
  const comment = line.indexOf('#')
  const text = comment < 0 ? line : line.slice(0, comment)
  const colon = text.indexOf(':')
  if (colon < 0) return ['', '']
  return [text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()]
}

/** '*' where the line is for everybody, else the product it names, lower-case ('' where it names none). */
function agentToken(value: string): string {
  return /^\*(\s|$)/.test(value) ? '*' : leadingToken(value)
}

function leadingToken(text: string): string {
  return (/^[A-Za-z_-]+/.exec(text.trim())?.[0] ?? '').toLowerCase()
}

/** `[path] key=value, ...`; null = no preferences. */
function usageRule(key: 'content-usage' | 'content-signal', value: string): UsageRule | null {
  const [, path, rest] = /^([/*]\S*)\s+(.*)$/.exec(value) ?? []
  const text = rest ?? value
  const pattern = normalizePattern(path ?? '/', false)
  if (pattern === null || !text.includes('=')) return null
  return { signal: key === 'content-usage' ? 'aipref' : 'content-signal', pattern, text }
}

function delayMs(value: string): number | null {
  const seconds = /^\d+(\.\d+)?|^\.\d+/.exec(value)?.[0]
  return seconds === undefined ? null : Math.min(Math.round(Number(seconds) * 1000), maxCrawlDelayMs)
}

function longer(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.max(a, b)
}
