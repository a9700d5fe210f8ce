import type { Permission } from '../records/index.js'
import type { RowDecision } from '../shard/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { formatCount, labelled, oneLine, table, total } from './figures.js'
import type { Output } from './output.js'
import { amount } from './summary.js'

export interface PermissionsCall {
  readonly place: string
  readonly filter: DecisionFilter
  readonly json: boolean
}

export interface DecisionFilter {
  /** A host or one that it is part of; null = all. */
  readonly host: string | null
  /** e.g. `robots`, `robots:disallow`, `tdm`; null = all. */
  readonly rule: string | null
  readonly refusedOnly: boolean
}

export interface PermissionsDeps {
  readonly isPlace: (place: string) => boolean
  readonly decisions: (place: string) => AsyncIterable<RowDecision>
  /** Counters of the run, where its status can be read; null = it cannot. */
  readonly counters: (place: string) => Promise<Readonly<Record<string, number>> | null>
  readonly stdout: Output
  readonly stderr: Output
}

/** One line of the ledger. */
export interface Decision {
  readonly what: 'image' | 'page'
  readonly allowed: boolean
  readonly url: string
  readonly permission: Permission
}

/** `pairmill permissions`: `place` is an absolute folder, or an S3 URL. */
export async function permissionsCommand(call: PermissionsCall, deps: PermissionsDeps): Promise<ExitCode> {
  const { place, filter, json } = call
  const { stdout, stderr } = deps
  if (!deps.isPlace(place)) {
    stderr.write(`pairmill: there is no folder ${oneLine(place)}\n`)
    return exitCodes.usage
  }
  const pages = new Set<string>()
  const counts: Record<string, number> = {}
  const count = (name: string) => {
    counts[name] = (counts[name] ?? 0) + 1
  }
  let rows = 0
  for await (const row of deps.decisions(place)) {
    rows++
    if (row.image === null) count('unasked')
    for (const decision of decisionsOf(row)) {
      if (decision.what === 'page' && pages.has(decision.url)) continue
      if (decision.what === 'page') pages.add(decision.url)
      if (!isWanted(decision, filter)) continue
      count(decision.what)
      if (!decision.allowed) count(`refused ${decision.what}`)
      count(`rule:${ruleName(decision.permission.rule)}`)
      stdout.write(json ? `${JSON.stringify(jsonOf(decision))}\n` : `${lineOf(decision)}\n`)
    }
  }
  if (rows === 0) {
    stderr.write(`pairmill: nothing is committed in ${oneLine(place)} yet\n`)
    return exitCodes.failed
  }
  const summary = renderCounts(counts, await deps.counters(place))
  const output = json ? stderr : stdout
  output.write(`${['', ...summary].join('\n')}\n`)
  return exitCodes.ok
}

/** The decisions that a row holds: about its page, and about its image where that was asked for. */
export function decisionsOf(row: RowDecision): Decision[] {
  const decided = (what: Decision['what'], url: string | null, permission: Permission | null): Decision[] =>
    url === null || permission === null
      ? []
      : [{ what, allowed: isAllowed(permission.rule), url, permission }]
  return [...decided('page', row.pageUrl, row.page), ...decided('image', row.url, row.image)]
}

/** Every other rule is a no: of robots.txt, of an opt-out, or of a file that could not be read. */
function isAllowed(rule: string): boolean {
  return /^robots:(?:allow |none$|absent$|file$)/.test(rule)
}

function isWanted({ url, allowed, permission }: Decision, filter: DecisionFilter): boolean {
  if (filter.refusedOnly && allowed) return false
  if (filter.rule !== null && !beginsWithName(permission.rule, filter.rule)) return false
  if (filter.host === null) return true
  const { host, hostname } = new URL(url)
  const wanted = filter.host.toLowerCase()
  return host === wanted || hostname === wanted || hostname.endsWith(`.${wanted}`)
}

function beginsWithName(rule: string, name: string): boolean {
  return rule === name || (rule.startsWith(name) && /[: ]/.test(rule[name.length] ?? ''))
}

/** A rule without the pattern that it names, so that the list of counts stays short. */
const ruleName = (rule: string): string => rule.split(' ', 1)[0] ?? rule

function jsonOf({ what, allowed, url, permission }: Decision): object {
  const { rule, value = null, source = 'robots.txt', checkedAt } = permission
  return { what, allowed, url, rule, value, source, checkedAt }
}

function lineOf({ what, allowed, url, permission }: Decision): string {
  const { rule, value, source, checkedAt } = permission
  const said =
    rule.startsWith('robots:') || value === undefined || value === null ? '' : ` "${value}" (${source})`
  const cells = [
    allowed ? 'allowed' : 'refused',
    what.padEnd(5),
    checkedAt.slice(0, 19),
    `${rule}${said}`.padEnd(24),
  ]
  return oneLine(`${cells.join('  ')}  ${url}`)
}

function renderCounts(
  counts: Readonly<Record<string, number>>,
  runCounters: Readonly<Record<string, number>> | null,
): string[] {
  const line = (what: 'image' | 'page') =>
    `${amount(counts[what] ?? 0, what)} listed, ${formatCount(counts[`refused ${what}`] ?? 0)} refused`
  const rules = labelled(counts, 'rule').map(([rule, n]) => [rule, formatCount(n)])
  const unasked = counts.unasked ?? 0
  return [
    line('image'),
    line('page'),
    ...table(rules, ['left', 'right']),
    ...(unasked === 0 ? [] : [`${amount(unasked, 'candidate')} turned away before anything was asked`]),
    ...refusedPages(runCounters),
  ]
}

/** A page that was not read has no row: how many they are is known of the whole run. */
function refusedPages(counters: Readonly<Record<string, number>> | null): string[] {
  if (counters === null)
    return ['pages that were refused are only counted, in the status of the run, which is not here']
  const robots = counters['page_skipped:robots'] ?? 0
  const optedOut = [...labelled(counters, 'page_opted_out')]
  const images = total(counters, 'images_opted_out')
  const rows = [['robots', robots] as const, ...optedOut].filter(([, n]) => n > 0)
  return [
    `${amount(
      rows.reduce((sum, [, n]) => sum + n, 0),
      'page',
    )} of the whole run refused and not read: counted, not listed`,
    ...table(
      rows.map(([rule, n]) => [rule, formatCount(n)]),
      ['left', 'right'],
    ),
    ...(images === 0
      ? []
      : [`${amount(images, 'page')} read whose images were left alone by their own word`]),
  ]
}
