import {
  type CurateEnd,
  type CurateProgress,
  type CurateRequest,
  parseUids,
  requestProblem,
} from '../curate/index.js'
import type { ProgressStyle } from '../options/index.js'
import { type RejectEntries, shellQuoted, unionOfEntries } from '../records/index.js'
import { encodeRejectFile, UnreadableDataset } from '../shard/index.js'
import { type Clock, styleFor } from './display.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { formatBytes, formatCount, formatShare, jsonText, page, table } from './figures.js'
import { textOf } from './file-text.js'
import { type Output, say } from './output.js'
import { readRejectFile } from './reject-file.js'
import { amount } from './summary.js'
import { toldChunks } from './told-input.js'
import { openVerifyDisplay, type VerifyDisplay } from './verify-progress.js'

export interface CurateCall {
  readonly sources: readonly string[]
  readonly out: string
  readonly request: Omit<CurateRequest, 'uids' | 'model' | 'reject'>
  /** Name or folder of a model; null = none. */
  readonly model: string | null
  /** Files of what never comes into it. */
  readonly rejectFiles: readonly string[]
  /** null = all uids may be kept. */
  readonly uidsFile: string | null
  readonly json: boolean
  /** null = as suits standard error. */
  readonly progress: ProgressStyle | null
}

/** What came of a call; `locked`: another process works there. */
export type CurateAnswer = CurateEnd | { readonly kind: 'locked' | 'model'; readonly message: string }

export interface CurateCommandDeps {
  readonly curate: (
    request: Omit<CurateRequest, 'model'>,
    onProgress: (progress: CurateProgress) => void,
  ) => Promise<CurateAnswer>
  readonly readFile: (name: string) => Promise<string>
  readonly readChunks: (name: string) => AsyncIterable<Uint8Array>
  readonly stdout: Output
  readonly stderr: Output
  readonly color: boolean
  readonly redraw: boolean
  readonly unicode: boolean
  readonly clock: Clock
}

/** `pairmill curate`: the places are absolute folders, or S3 URLs. */
export async function curateCommand(call: CurateCall, deps: CurateCommandDeps): Promise<ExitCode> {
  const { stdout, stderr } = deps
  const request = await requestOf(call, deps)
  if ('message' in request) {
    say(stderr, request.message)
    return exitCodes.usage
  }
  const progress = curateDisplay(call, deps)
  let end: CurateAnswer
  try {
    end = await deps.curate(request, progress.show).finally(progress.close)
  } catch (error) {
    if (!(error instanceof UnreadableDataset)) throw error
    say(stderr, error.message)
    return exitCodes.failed
  }
  if (end.kind !== 'done') {
    say(stderr, end.message)
    return codes[end.kind]
  }
  if (call.json) stdout.write(`${jsonText(jsonOf(call.out, end), 2)}\n`)
  else stdout.write(renderCuration(call, end))
  return exitCodes.ok
}

const codes = {
  refused: exitCodes.usage,
  failed: exitCodes.failed,
  differs: exitCodes.optionsDiffer,
  locked: exitCodes.locked,
  model: exitCodes.model,
} as const

async function requestOf(
  call: CurateCall,
  deps: CurateCommandDeps,
): Promise<Omit<CurateRequest, 'model'> | { readonly message: string }> {
  const { request, model } = call
  const problem = requestProblem({ ...request, uids: null, reject: null, model })
  if (problem !== null) return { message: problem }
  const uids = await uidsOf(call, deps)
  if (uids !== null && 'message' in uids) return uids
  const reject = await rejectOf(call, deps)
  if (reject !== null && 'message' in reject) return reject
  return { ...request, uids, reject }
}

async function uidsOf(
  { uidsFile }: CurateCall,
  { readFile }: CurateCommandDeps,
): Promise<CurateRequest['uids'] | { readonly message: string }> {
  if (uidsFile === null) return null
  const read = await textOf(() => readFile(uidsFile))
  if ('unreadable' in read) return { message: `cannot read '${uidsFile}': ${read.unreadable}` }
  const uids = parseUids(read.text)
  return 'problem' in uids ? { message: `${uidsFile}: ${uids.problem}` } : uids
}

async function rejectOf(
  { rejectFiles, progress }: CurateCall,
  deps: CurateCommandDeps,
): Promise<CurateRequest['reject'] | { readonly message: string }> {
  if (rejectFiles.length === 0) return null
  const { stderr, redraw } = deps
  const style = styleFor(progress, { isTerminal: stderr.isTerminal, redraw })
  const readChunks = toldChunks(deps.readChunks, style, deps)
  const lists: RejectEntries[] = []
  for (const name of rejectFiles) {
    const read = await readRejectFile(readChunks(name), name)
    if (read.kind === 'problems') return { message: read.problems.join('; ') }
    lists.push(read.entries)
  }
  const entries = unionOfEntries(lists)
  return { entries, digest: encodeRejectFile(entries).sha256 }
}

/** A line for each phase, as a verification has one. */
function curateDisplay(call: CurateCall, deps: CurateCommandDeps) {
  const { stderr, redraw } = deps
  const style = styleFor(call.progress, { isTerminal: stderr.isTerminal, redraw })
  let phase: CurateProgress['phase'] | null = null
  let display: VerifyDisplay | null = null
  return {
    show(progress: CurateProgress) {
      if (progress.phase !== phase) {
        display?.close()
        phase = progress.phase
        display = openVerifyDisplay(style, { ...deps, output: stderr }, phase)
      }
      const { phase: _, ...counts } = progress
      display?.show(counts)
    },
    close() {
      display?.close()
    },
  }
}

type Done = Extract<CurateEnd, { readonly kind: 'done' }>

function jsonOf(out: string, { steps, sets, from, notes }: Done): object {
  const left = steps === null ? null : Object.fromEntries(steps)
  const datasets = sets.map(({ side, summary: { shards, samples, rows, bytes } }) => ({
    ...{ place: placeOfSide(out, side), shards, samples, rows, bytes },
  }))
  return { datasets, left, notes, curated_from: from }
}

const placeOfSide = (out: string, side: string | null) => (side === null ? out : `${out}/${side}`)

const stepTexts: Readonly<Record<string, string>> = {
  sources: 'pairs of the sources',
  reject: 'on no list, and not taken back',
  where: 'left by --where',
  uids: 'left by --uids',
  duplicates: 'without duplicates between sources',
  'dedupe-cosine': 'left by --dedupe-cosine',
  top: 'left by --top',
  'max-per-host': 'left by --max-per-host',
}

/** Summary for people: what was left by each step, the datasets, what to do next. Pure. */
function renderCuration({ out }: Pick<CurateCall, 'out'>, { steps, sets, notes }: Done): string {
  const samples = sets.reduce((sum, { summary }) => sum + summary.samples, 0)
  const first = steps?.[0]?.[1] ?? 0
  const rows = (steps ?? []).map(([step, left], i) => [
    stepTexts[step] ?? step,
    formatCount(left),
    i === 0 ? '' : formatShare(left, first),
  ])
  const places = sets.map(({ side, summary }) => [
    placeOfSide(out, side),
    amount(summary.samples, 'pair'),
    amount(summary.shards, 'shard'),
    formatBytes(summary.bytes),
  ])
  const head =
    steps === null ? 'Nothing was left to do: it is whole.' : `Done: ${amount(samples, 'pair')} kept.`
  return page([
    [head],
    notes,
    table(rows, ['left', 'right', 'right']),
    [
      sets.length === 1 ? 'Dataset' : 'Datasets',
      ...table(places, ['left', 'right', 'right', 'right']),
      ...table(
        sets.map(({ side }) => ['check it', `pairmill verify ${shellQuoted(placeOfSide(out, side))}`]),
        ['left', 'left'],
      ),
    ],
  ])
}
