import {
  aiTxtRefusal,
  type LastingFailure,
  type OptOutRules,
  parseRobots,
  parseTdmRules,
  type Refusal,
  type RobotsRecord,
  type RobotsRules,
  type RobotsVerdict,
  robotsUsageRefusal,
  robotsVerdict,
  siteFiles,
  tdmRefusal,
} from '../../crawl/index.js'
import type { Permission } from '../../records/index.js'
import { createSiteFile, type ReadFile, type SiteFileDeps, type TakeSlot } from './site-file.js'
import { createVerdictMemory } from './verdict-memory.js'

export type { TakeSlot } from './site-file.js'

export type Permitted =
  | { readonly kind: 'forbidden'; readonly permission: Permission; readonly crawlDelayMs: number }
  | {
      readonly kind: 'allowed'
      readonly permission: Permission
      readonly crawlDelayMs: number
      /** The sitemaps that robots.txt names, as written; absent = none. */
      readonly sitemaps?: readonly string[]
    }
  /** A file that decides could not be read: nothing is fetched until the host answers. */
  | { readonly kind: 'unreachable'; readonly permission: Permission; readonly inMs: number }
  /** A file that decides will not be read: the host cannot be reached, and waiting does not help. */
  | {
      readonly kind: 'hopeless'
      readonly permission: Permission
      readonly reason: LastingFailure
      readonly detail: string
    }
  /** A file that decides is being fetched by somebody else. */
  | { readonly kind: 'busy'; readonly inMs: number }

/** `productToken`: the first word of the user agent, which robots.txt groups name. */
interface PermissionDeps extends SiteFileDeps, OptOutRules {}

export type Permit = (url: string, takeSlot: TakeSlot, signal: AbortSignal) => Promise<Permitted>

/** A crawl-delay is obeyed up to this; longer ones are as good as a refusal and would stall the run. */
export const maxCrawlDelayMs = 60_000

/** URLs whose verdicts are kept at hand, of each parsed file: those that are asked about now, and the files beside it. */
const maxVerdicts = 32

/**
 * Asks the files of a site about its URLs: robots.txt, and where that allows it those in which a site says what its content may be used for. Each is
 * fetched in a slot of its own; a session that has too few leaves the rest to the next.
 */
export function createPermission(deps: PermissionDeps): Permit {
  const parseFor = (body: string) => parseRobots(body, deps.productToken)
  const robotsFile = createSiteFile(deps, {
    path: '/robots.txt',
    keyOf: (origin) => origin,
    parse: parseFor,
    crawlDelayMs,
  })
  const tdmFile = createSiteFile(deps, {
    path: siteFiles.tdm.path,
    keyOf: (origin) => `${origin}${siteFiles.tdm.path}`,
    parse: parseTdmRules,
    crawlDelayMs: () => 0,
  })
  const aiTxt = createSiteFile(deps, {
    path: siteFiles['ai-txt'].path,
    keyOf: (origin) => `${origin}${siteFiles['ai-txt'].path}`,
    parse: parseFor,
    crawlDelayMs: () => 0,
  })
  const robotsVerdicts = createVerdictMemory<
    ReadFile<RobotsRules>,
    { readonly verdict: RobotsVerdict; readonly usage: Refusal | null }
  >(maxVerdicts)
  const robotsSays = (read: ReadFile<RobotsRules>, url: string) =>
    robotsVerdicts(read, url, () => ({
      verdict: robotsVerdict(read.record, read.rules, url),
      usage: read.rules === null ? null : robotsUsageRefusal(read.rules, url, deps.obeyed),
    }))
  const others = [
    { rule: 'tdm', ask: asking(tdmFile, tdmRefusal) },
    { rule: 'ai-txt', ask: asking(aiTxt, aiTxtRefusal) },
  ] as const

  return async (url, takeSlot, signal) => {
    const { origin } = new URL(url)
    const read = await robotsFile(origin, takeSlot, signal)
    if (read.kind === 'busy') return busy(read.inMs)
    const { verdict, usage } = robotsSays(read, url)
    const permission = robotsPermission(read.record, verdict)
    if (!verdict.allowed && read.record.kind === 'forbid_all')
      return unreadable(read.record, permission, deps.now())
    const delay = crawlDelayMs(read.rules)
    if (!verdict.allowed) return { kind: 'forbidden', permission, crawlDelayMs: delay }
    const forbidden = (refusal: Refusal, record: RobotsRecord): Permitted => ({
      kind: 'forbidden',
      permission: permissionOf(refusal, record.fetchedAtMs),
      crawlDelayMs: delay,
    })
    if (usage !== null) return forbidden(usage, read.record)
    for (const { rule, ask } of others) {
      const { path, source } = siteFiles[rule]
      // What robots.txt closes is not opened for this either, and then says nothing.
      const open = robotsSays(read, `${origin}${path}`).verdict.allowed
      if (!deps.obeyed.has(rule) || !open) continue
      const answer = await ask(url, origin, takeSlot, signal)
      if (answer.kind === 'busy') return busy(answer.inMs)
      const { record } = answer.read
      if (record.kind === 'forbid_all') {
        const checkedAt = new Date(record.fetchedAtMs).toISOString()
        return unreadable(record, { rule: `${rule}:unreachable`, value: null, source, checkedAt }, deps.now())
      }
      if (answer.refusal !== null) return forbidden(answer.refusal, record)
    }
    const sitemaps = read.rules?.sitemaps ?? []
    return { kind: 'allowed', permission, crawlDelayMs: delay, ...(sitemaps.length > 0 ? { sitemaps } : {}) }
  }
}

/** Record of what a site wrote, by which a page or an image was decided. */
export function permissionOf({ rule, value, source }: Refusal, checkedAtMs: number): Permission {
  return { rule, value, source, checkedAt: new Date(checkedAtMs).toISOString() }
}

/** Kind of rule that forbade it, as reasons name it. */
export function refusedBy(permission: Permission): 'robots' | 'opt_out' {
  return permission.rule.startsWith('robots:') ? 'robots' : 'opt_out'
}

function asking<Rules>(
  file: ReturnType<typeof createSiteFile<Rules>>,
  refusalOf: (rules: Rules, url: string) => Refusal | null,
) {
  const refusals = createVerdictMemory<ReadFile<Rules>, Refusal | null>(maxVerdicts)
  return async (
    url: string,
    origin: string,
    takeSlot: TakeSlot,
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: 'busy'; readonly inMs: number }
    | { readonly kind: 'read'; readonly read: ReadFile<unknown>; readonly refusal: Refusal | null }
  > => {
    const read = await file(origin, takeSlot, signal)
    if (read.kind === 'busy') return read
    const { rules } = read
    const refusal = rules === null ? null : refusals(read, url, () => refusalOf(rules, url))
    return { kind: 'read', read, refusal }
  }
}

function busy(inMs: number): Permitted {
  return { kind: 'busy', inMs: Math.min(inMs, 1_000) }
}

function unreadable(record: RobotsRecord, permission: Permission, now: number): Permitted {
  const { lasting, detail } = record
  if (lasting !== undefined) return { kind: 'hopeless', permission, reason: lasting, detail }
  return { kind: 'unreachable', permission, inMs: Math.max(record.expiresAtMs - now, 0) }
}

function robotsPermission(record: RobotsRecord, { rule, line }: RobotsVerdict): Permission {
  return { rule, value: line, source: 'robots.txt', checkedAt: new Date(record.fetchedAtMs).toISOString() }
}

function crawlDelayMs(rules: RobotsRules | null): number {
  return Math.min(rules?.crawlDelayMs ?? 0, maxCrawlDelayMs)
}
