import type { PageRow, Permission } from '../records/index.js'
import { type RowDecision, UnreadableDataset } from '../shard/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { formatCount, jsonText, labelled, oneLine, table } from './figures.js'
import { type Output, say } from './output.js'
import { amount } from './summary.js'
import { noDataset } from './verify.js'

export interface PermissionsCall {
  readonly place: string
  readonly filter: DecisionFilter
  readonly json: boolean
}

export interface DecisionFilter {
  /** null = both. */
  readonly only: 'pages' | 'images' | null
  /** A host or one that it is part of; null = all. */
  readonly host: string | null
  /** e.g. `robots`, `robots:disallow`, `tdm`, or the reason of a page, e.g. `http_4xx`; null = all. */
  readonly rule: string | null
  readonly refusedOnly: boolean
}

interface PermissionsDeps {
  readonly isPlace: (place: string) => boolean
  /** The page ledger; a dataset of an early version has none. */
  readonly pages: (place: string) => AsyncIterable<PageRow>
  readonly decisions: (place: string) => AsyncIterable<RowDecision>
  readonly stdout: Output
  readonly stderr: Output
}

/** One line of the list. */
export interface Decision {
  /** `images`: all that stand on the page with this URL. */
  readonly what: 'image' | 'images' | 'page'
  readonly url: string
  /** null = nobody was asked. */
  readonly permission: Permission | null
  /** Row of the page ledger, where it is a page's. */
  readonly page?: PageRow
}

/** `pairmill permissions`: `place` is an absolute folder, or an S3 URL. */
export async function permissionsCommand(call: PermissionsCall, deps: PermissionsDeps): Promise<ExitCode> {
  if (!deps.isPlace(call.place)) {
    say(deps.stderr, noDataset(call.place))
    return exitCodes.failed
  }
  try {
    return await listAll(call, deps)
  } catch (error) {
    if (!(error instanceof UnreadableDataset)) throw error
    say(deps.stderr, error.message)
    return exitCodes.failed
  }
}

async function listAll({ place, filter, json }: PermissionsCall, deps: PermissionsDeps): Promise<ExitCode> {
  const { stdout, stderr } = deps
  const counts: Record<string, number> = {}
  const count = (name: string) => {
    counts[name] = (counts[name] ?? 0) + 1
  }
  const list = (decision: Decision) => {
    if (!isWanted(decision, filter)) return
    const { what, permission, page } = decision
    count(what)
    if (isRefused(decision)) count(`refused ${what}`)
    if (permission !== null) count(`rule:${ruleName(permission.rule)}`)
    if (page !== undefined && what === 'page') count(`outcome:${fateOf(page)}`)
    stdout.write(json ? `${jsonText(jsonOf(decision))}\n` : `${lineOf(decision)}\n`)
  }
  let rows = 0
  let hasLedger = false
  for await (const page of deps.pages(place)) {
    rows++
    hasLedger = true
    for (const decision of pageDecisionsOf(page)) list(decision)
  }
  const listed = new Set<string>()
  for await (const row of deps.decisions(place)) {
    rows++
    if (row.image === null) count('unasked')
    for (const decision of rowDecisionsOf(row)) {
      if (decision.what === 'page' && (hasLedger || listed.has(decision.url))) continue
      if (decision.what === 'page') listed.add(decision.url)
      list(decision)
    }
  }
  if (rows === 0) {
    say(stderr, `nothing is committed in ${place} yet`)
    return exitCodes.failed
  }
  const output = json ? stderr : stdout
  const lacksLedger = !hasLedger && listed.size > 0
  output.write(`${['', ...renderCounts(counts, filter, lacksLedger)].join('\n')}\n`)
  return exitCodes.ok
}

/** The decisions that a row of the page ledger holds: about the page, and about its images where it spoke of them. */
function pageDecisionsOf(page: PageRow): Decision[] {
  const { url, permission, imagesRefusal } = page
  const decided: Decision[] = [{ what: 'page', url, permission, page }]
  return imagesRefusal === null ? decided : [...decided, { what: 'images', url, permission: imagesRefusal }]
}

/** The decisions that a candidate's row holds: about its page, and about its image where that was asked for. */
function rowDecisionsOf(row: RowDecision): Decision[] {
  const decided = (what: Decision['what'], url: string | null, permission: Permission | null): Decision[] =>
    url === null || permission === null ? [] : [{ what, url, permission }]
  return [...decided('page', row.pageUrl, row.page), ...decided('image', row.url, row.image)]
}

/** Every other rule is a no: of robots.txt, of an opt-out, or of a file that could not be read. */
function isRefused({ permission }: Decision): boolean {
  return permission !== null && !/^robots:(?:allow |none$|absent$|file$)/.test(permission.rule)
}

function isWanted(decision: Decision, filter: DecisionFilter): boolean {
  const { what, url, permission, page } = decision
  if (filter.only !== null && (what === 'page') !== (filter.only === 'pages')) return false
  if (filter.refusedOnly && !isRefused(decision)) return false
  if (filter.rule !== null) {
    const named = permission !== null && beginsWithName(permission.rule, filter.rule)
    if (!named && page?.reason !== filter.rule) return false
  }
  if (filter.host === null) return true
  if (!URL.canParse(url)) return false
  const { host, hostname } = new URL(url)
  const wanted = filter.host.toLowerCase()
  return host === wanted || hostname === wanted || hostname.endsWith(`.${wanted}`)
}

function beginsWithName(rule: string, name: string): boolean {
  return rule === name || (rule.startsWith(name) && /[: ]/.test(rule[name.length] ?? ''))
}

/** A rule without the pattern that it names, so that the list of counts stays short. */
const ruleName = (rule: string): string => rule.split(' ', 1)[0] ?? rule

/** Outcome of a page, as it is counted. */
function fateOf({ outcome, reason }: PageRow): string {
  return reason === null ? outcome : `${outcome}: ${reason}`
}

function answerOf(decision: Decision): 'allowed' | 'refused' | 'unasked' {
  if (decision.permission === null) return 'unasked'
  return isRefused(decision) ? 'refused' : 'allowed'
}

function jsonOf(decision: Decision): object {
  const { what, url, permission, page } = decision
  const answer = answerOf(decision)
  const { rule = null, value = null, source = 'robots.txt', checkedAt = null } = permission ?? {}
  const asked = { rule, value, source: permission === null ? null : source, checkedAt }
  const base = { what, allowed: answer === 'unasked' ? null : answer === 'allowed', url, ...asked }
  if (page === undefined) return base
  const { outcome, reason, detail, httpStatus, depth, tries, redirectTo, candidates, decidedAt } = page
  return {
    ...base,
    outcome,
    reason,
    detail,
    httpStatus,
    depth,
    tries,
    redirectTo,
    candidates,
    decidedAt,
  }
}

function lineOf(decision: Decision): string {
  const { what, url, permission, page } = decision
  const answer = answerOf(decision)
  const { rule = '-', value = null, source, checkedAt = page?.decidedAt ?? '' } = permission ?? {}
  const said = rule.startsWith('robots:') || value === null ? '' : ` "${value}" (${source})`
  const cells = [answer, what.padEnd(6), checkedAt.slice(0, 19), `${rule}${said}`.padEnd(24)]
  // A refusal's reason is its rule.
  const fate = page === undefined || page.reason === null || answer === 'refused' ? '' : `  (${page.reason})`
  return oneLine(`${cells.join('  ')}  ${url}${fate}`)
}

function renderCounts(
  counts: Readonly<Record<string, number>>,
  { only }: DecisionFilter,
  lacksLedger: boolean,
): string[] {
  const line = (what: 'image' | 'page') =>
    `${amount(counts[what] ?? 0, what)} listed, ${formatCount(counts[`refused ${what}`] ?? 0)} refused`
  const counted = (label: string) =>
    table(
      labelled(counts, label).map(([name, n]) => [name, formatCount(n)]),
      ['left', 'right'],
    )
  const unasked = counts.unasked ?? 0
  const closed = counts.images ?? 0
  return [
    ...(only === 'pages' ? [] : [line('image')]),
    ...(only === 'images' ? [] : [line('page')]),
    ...counted('rule'),
    ...(counts.page === undefined || lacksLedger ? [] : ['what became of the pages', ...counted('outcome')]),
    ...(closed === 0
      ? []
      : [`${amount(closed, 'page')} read whose images were left alone by their own word`]),
    ...(unasked === 0 || only === 'pages'
      ? []
      : [`${amount(unasked, 'candidate')} turned away before anything was asked`]),
    ...(!lacksLedger || only === 'images'
      ? []
      : ['there is no page ledger here: pages that were refused, or gave no candidate, are not listed']),
  ]
}
