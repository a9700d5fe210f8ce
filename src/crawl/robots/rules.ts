import { type Preference, trainingPreference, type UsageSignal } from '../permission/usage.js'
import { normalizePattern, robotsPath } from './pattern.js'
import { mostSpecific, type RuleSet, ruleSet } from './rule-set.js'

interface RobotsRule {
  readonly allow: boolean
  /** As written in the file. */
  readonly text: string
  /** As compared (see pattern.ts). */
  readonly pattern: string
}

/** A Content-Usage or Content-Signal line that says something of training: what may be done with what is fetched. Not part of RFC 9309. */
interface UsageRule {
  readonly preference: NonNullable<Preference>
  /** Of what it speaks, as compared (see pattern.ts); '/' = of everything. */
  readonly pattern: string
  /** The preferences as written. */
  readonly text: string
}

/** Rules of a robots.txt for one crawler (RFC 9309). */
export interface RobotsRules {
  /** Which groups they were taken from: those that name the product, else those for `*`; null = there were neither. */
  readonly group: 'product' | 'any' | null
  /** Of those that are equally long, allow decides. */
  readonly rules: RuleSet<RobotsRule>
  /** Of the same groups, and what stands before the first group; of those that are equally long, no decides. */
  readonly usage: Readonly<Record<UsageSignal, RuleSet<UsageRule>>>
  /** Crawl-delay of the same groups, the longest one, at most a day; null = none. Not part of RFC 9309. */
  readonly crawlDelayMs: number | null
  /** Sitemap lines of the whole file, as written. */
  readonly sitemaps: readonly string[]
}

const maxCrawlDelayMs = 24 * 3600 * 1000

/** A line as written, which is looked into where its group is for this crawler. */
interface RuleLine {
  readonly allow: boolean
  readonly text: string
}

interface UsageLine {
  readonly signal: UsageSignal
  readonly text: string
}

interface Group {
  readonly agents: string[]
  readonly rules: RuleLine[]
  readonly usage: UsageLine[]
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
  const usageOfAll: UsageLine[] = []
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
      current?.rules.push({ allow: key === 'allow', text: value })
    } else if (key === 'crawl-delay') {
      if (current !== null) current.crawlDelayMs = longer(current.crawlDelayMs, delayMs(value))
    } else if (key === 'content-usage' || key === 'content-signal') {
      const signal = key === 'content-usage' ? 'aipref' : 'content-signal'
      ;(current?.usage ?? usageOfAll).push({ signal, text: value })
    } else if (key === 'sitemap' && value !== '') {
      sitemaps.push(value)
    }
  }
  const named = product === '' ? [] : groups.filter((group) => group.agents.includes(product))
  const chosen = named.length > 0 ? named : groups.filter((group) => group.agents.includes('*'))
  const usageLines = [...usageOfAll, ...chosen.flatMap((group) => group.usage)]
  const usageOf = (signal: UsageSignal) => ruleSet(usageRules(usageLines, signal), noFirst)
  return {
    group: chosen.length === 0 ? null : named.length > 0 ? 'product' : 'any',
    rules: ruleSet(rulesOf(chosen.flatMap((group) => group.rules)), allowFirst),
    usage: { aipref: usageOf('aipref'), 'content-signal': usageOf('content-signal') },
    crawlDelayMs: chosen.reduce<number | null>((most, group) => longer(most, group.crawlDelayMs), null),
    sitemaps,
  }
}

/** The rule that decides about a URL (RFC 9309 section 2.2.2); null = none matches, so it is allowed. Where there are too many, ask `isTooMany` first. */
export function decidingRule({ rules }: RobotsRules, url: string): RobotsRule | null {
  return mostSpecific(rules, robotsPath(url), allowFirst)
}

/** The line that decides what a URL may be used for; null = none says. Where there are too many, ask `isTooMany` first. */
export function decidingUsage({ usage }: RobotsRules, signal: UsageSignal, url: string): UsageRule | null {
  return mostSpecific(usage[signal], robotsPath(url), noFirst)
}

const allowFirst = ({ allow }: RobotsRule): number => (allow ? 0 : 1)
const noFirst = ({ preference }: UsageRule): number => (preference === 'no' ? 0 : 1)

/** Equal lines, of which a file may have thousands, once. */
function* rulesOf(lines: readonly RuleLine[]): Iterable<RobotsRule> {
  const seen = { allow: new Set<string>(), disallow: new Set<string>() }
  for (const { allow, text } of lines) {
    const same = allow ? seen.allow : seen.disallow
    if (same.has(text)) continue
    same.add(text)
    const pattern = normalizePattern(text, allow)
    if (pattern !== null) yield { allow, text, pattern }
  }
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

/** Lines `[path] key=value, ...` of one signal, judged: those that say nothing of training are left out. */
function* usageRules(lines: readonly UsageLine[], wanted: UsageSignal): Iterable<UsageRule> {
  /** By the text behind the path, of which a file may have thousands that are equal. */
  const known = new Map<string, Preference>()
  for (const { signal, text: line } of lines) {
    if (signal !== wanted) continue
    const pathLength = /^[/*]/.test(line) ? line.search(/\s/) : -1
    const path = pathLength < 0 ? '/' : line.slice(0, pathLength)
    const text = pathLength < 0 ? line : line.slice(pathLength).trimStart()
    let preference = known.get(text)
    if (preference === undefined) {
      preference = trainingPreference(text, signal)
      known.set(text, preference)
    }
    const pattern = preference === null ? null : normalizePattern(path, false)
    if (pattern !== null && preference !== null) yield { preference, pattern, text }
  }
}

function delayMs(value: string): number | null {
  const seconds = /^\d+(\.\d+)?|^\.\d+/.exec(value)?.[0]
  return seconds === undefined ? null : Math.min(Math.round(Number(seconds) * 1000), maxCrawlDelayMs)
}

function longer(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.max(a, b)
}
