import { messageOf, shellQuoted } from '../records/index.js'
import {
  type Held,
  type Named,
  namedInList,
  namedKinds,
  namedOf,
  type Refused,
  type ReportPage,
  type RetractHooks,
  type RetractReport,
  type RetractStep,
  type RetractWish,
  type Whereabouts,
} from '../retract/index.js'
import { UnreadableDataset } from '../shard/index.js'
import type { Clock } from './display.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { formatBytes, formatCount, jsonText, page } from './figures.js'
import { type Output, say } from './output.js'
import type { ReportAnew } from './report-anew.js'
import { amount } from './summary.js'

export interface RetractCall {
  /** As given: a folder, or an S3 URL. */
  readonly place: string
  readonly values: Readonly<Record<(typeof namedKinds)[number], readonly string[]>>
  /** Lists. */
  readonly files: readonly string[]
  readonly reason: string
  readonly isDryRun: boolean
  readonly backend: string | null
  readonly json: boolean
}

export interface RetractDeps {
  readonly where: Whereabouts
  readonly readText: (path: string) => Promise<string>
  readonly hold: (onNote: (text: string) => void) => Promise<Held | Refused>
  readonly retract: (held: Held, wish: RetractWish, hooks: RetractHooks) => Promise<RetractReport | Refused>
  readonly setReportAside: RetractHooks['setReportAside']
  /** The page of `pairmill report` in the dataset, which was set aside; the change is closed. */
  readonly writeReportAnew: (held: Held, onStep: (step: string) => void) => Promise<ReportAnew>
  readonly stdout: Output
  readonly stderr: Output
  readonly clock: Clock
}

/** `pairmill retract`. */
export async function retractCommand(call: RetractCall, deps: RetractDeps): Promise<ExitCode> {
  const { stdout, stderr, clock } = deps
  const { named, problems } = await namedBy(call, deps.readText, (text) => say(stderr, text))
  if (named.length === 0 && problems.length === 0)
    problems.push(
      `nothing is named: give one of ${namedKinds.map((kind) => `--${kind}`).join(', ')} or --file`,
    )
  if (call.reason.trim() === '') problems.push('--reason is empty: say why, for the record of the change')
  for (const problem of problems) say(stderr, problem)
  if (problems.length > 0) return exitCodes.usage
  const held = await deps.hold((text) => say(stderr, text))
  if (held.kind === 'refused') return refuse(held, stderr)
  const progress = openProgress(stderr, clock)
  try {
    const wish = {
      named,
      reason: call.reason,
      isDryRun: call.isDryRun,
      at: new Date(clock.now()).toISOString(),
    }
    const { setReportAside } = deps
    const onStep = (step: RetractStep, done: number, total: number) =>
      progress.show(`${formatCount(done)}/${formatCount(total)} ${steps[step]}`)
    const report = await deps.retract(held, wish, { onStep, setReportAside })
    if (report.kind === 'refused') {
      progress.close()
      return refuse(report, stderr)
    }
    const { kind: _, reportPage: page, ...facts } = report
    const anew =
      page === 'aside'
        ? await deps.writeReportAnew(held, (step) => progress.show(`report.html: ${step}`))
        : ({ kind: page } as const)
    progress.close()
    stdout.write(
      call.json ? `${jsonText({ ...facts, report: anew }, 2)}\n` : retractText(deps.where, report, anew),
    )
    return exitCodes.ok
  } catch (error) {
    if (!(error instanceof UnreadableDataset)) throw error
    progress.close()
    say(stderr, error.message)
    return exitCodes.failed
  } finally {
    progress.close()
    await held.close()
  }
}

async function namedBy(
  { values, files }: RetractCall,
  readText: (path: string) => Promise<string>,
  onNote: (text: string) => void,
): Promise<{ readonly named: readonly Named[]; readonly problems: string[] }> {
  const named: Named[] = []
  const problems: string[] = []
  for (const kind of namedKinds) {
    for (const value of values[kind]) {
      const found = namedOf(kind, value)
      if ('problem' in found) problems.push(`--${kind}: ${found.problem}`)
      else named.push(found)
    }
  }
  for (const file of files) {
    try {
      const text = await readText(file)
      if (text.length >= longList)
        onNote(`--file ${file}: ${formatBytes(text.length)} are read and hashed, which takes some seconds`)
      const list = namedInList(text)
      for (const one of list.named) named.push(one)
      problems.push(...list.problems.slice(0, mostProblems).map((problem) => `--file ${file}, ${problem}`))
      const more = list.problems.length - mostProblems
      if (more > 0) problems.push(`--file ${file}: and ${formatCount(more)} more lines that cannot be used`)
    } catch (error) {
      problems.push(`--file ${file} cannot be read: ${messageOf(error)}`)
    }
  }
  return { named, problems }
}

const mostProblems = 10
/** Characters of a list from which on it takes a second or more, during which nothing else is shown. */
const longList = 16_000_000

function refuse({ problem, message }: Refused, stderr: Output): ExitCode {
  say(stderr, message)
  return refusals[problem]
}

const refusals = {
  busy: exitCodes.locked,
  usage: exitCodes.usage,
  unusable: exitCodes.failed,
  backend: exitCodes.backend,
  stopped: exitCodes.interrupted,
} as const satisfies Record<Refused['problem'], ExitCode>

const steps: Readonly<Record<RetractStep, string>> = {
  search: 'shards and page files searched',
  build: 'shards and page files built anew',
  store: 'files stored',
  state: 'the state of the run tidied',
}

/** Says every second how far it is; on a terminal in one line. */
function openProgress(stderr: Output, clock: Clock) {
  let latest = ''
  let shown = ''
  const stop = clock.every(1_000, () => {
    if (latest === '' || (latest === shown && !stderr.isTerminal)) return
    shown = latest
    stderr.write(stderr.isTerminal ? `\r\u001b[K${latest}` : `${latest}\n`)
  })
  return {
    show: (text: string) => {
      latest = `retract  ${text}`
    },
    close: () => {
      stop()
      if (shown !== '' && stderr.isTerminal) stderr.write('\r\u001b[K')
      shown = ''
    },
  }
}

/** What became of the page of `pairmill report` in the dataset. */
type PageEnd = ReportAnew | { readonly kind: Exclude<ReportPage, 'aside'> }

/** The report for people. Pure. */
function retractText({ place, backend }: Whereabouts, report: RetractReport, reportPage: PageEnd): string {
  const { counts, rewritten, completed, generation, bytes, state, isDryRun } = report
  const went = [
    amount(counts.samples, 'pair'),
    amount(counts.rejected, 'rejected row'),
    amount(counts.pages, 'page'),
  ].join(', ')
  const lines: string[] = []
  if (completed !== null)
    lines.push(`${place}: generation ${completed.generation}, which was broken off, is ended`)
  const written = `${rewritten.shards} of ${amount(rewritten.ofShards, 'shard')} and ${amount(rewritten.pageFiles, 'file')} of the page ledger`
  if (isDryRun) {
    lines.push(
      `${place}: ${went} would be taken back`,
      `${written} would be written anew; nothing was changed`,
    )
    return page([lines])
  }
  if (generation === null)
    lines.push(`${place}: nothing of it is in the dataset, and later runs will not take it`)
  else {
    lines.push(`${place}: ${went} are taken back, and later runs will not take them`)
    lines.push(`${written} are written anew, ${formatBytes(bytes)} less; generation ${generation}`)
  }
  if (counts.mended > 0)
    lines.push(`${amount(counts.mended, 'row')} of others named it in passing, and do no more`)
  lines.push(...pageLines(place, reportPage))
  if (state !== null)
    lines.push(
      `${amount(state.urls, 'page')}, ${amount(state.candidates, 'candidate')} and ${amount(state.pages, 'row')} that waited left the database of the run`,
    )
  else if (backend === null)
    lines.push('no database of a run was found beside it; --backend pglite:DIR names one that lies elsewhere')
  if (backend !== null && !backend.startsWith('pglite:'))
    lines.push(
      'what the server of the fleet holds of the run stays there until pairmill forget takes it away',
    )
  return page([lines])
}

function pageLines(place: string, page: PageEnd): string[] {
  switch (page.kind) {
    case 'none':
      return []
    case 'foreign':
      return ['report.html is no report of pairmill, and was left alone: look whether it shows what went']
    case 'written':
      return [`report.html is written anew, ${formatBytes(page.bytes)}`]
    case 'not-written':
      return [
        `report.html shows nothing now, and could not be written anew: ${page.why}`,
        `  the same command tries it again; so does pairmill report ${shellQuoted(place)}`,
      ]
  }
}
