import { type Source, SourceError } from '../crawl/index.js'
import { LockLostError } from '../lock/index.js'
import { flagOfField, type OptionDifference, progressStyles, type RunOptions } from '../options/index.js'
import { shownUrl } from '../records/index.js'
import type { Environment, RunEnd, RunPipeline } from '../run/index.js'
import { type Clock, type Display, openDisplay, styleFor } from './display.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { printed, traceOf } from './figures.js'
import { type Output, say } from './output.js'
import { type InputDeps, type RunCall, readRunInput } from './run-input.js'
import { exitCodeOf, listenForStop, type SignalSource, type StopSignal } from './signals.js'
import { renderSummary } from './summary.js'
import { toldChunks } from './told-input.js'

export interface RunDeps {
  readonly input: InputDeps
  readonly pipeline: RunPipeline
  readonly environment: Environment
  /** The summary. */
  readonly stdout: Output
  /** Progress, notes and problems. */
  readonly stderr: Output
  readonly color: boolean
  readonly redraw: boolean
  readonly unicode: boolean
  readonly clock: Clock
  readonly signalSource: SignalSource
  readonly exit: (code: ExitCode) => void
}

/** `pairmill run`. */
export async function runCommand(
  call: RunCall,
  deps: RunDeps,
  sources: RunOptions['sources'] = [],
): Promise<ExitCode> {
  const asked = progressStyles.find((style) => style === call.flags.progress) ?? null
  const style = styleFor(asked, { isTerminal: deps.stderr.isTerminal, redraw: deps.redraw })
  const readChunks = toldChunks(deps.input.readChunks, style, deps)
  const input = await readRunInput(call, { ...deps.input, readChunks }, sources)
  if (input.kind === 'problems') {
    for (const problem of input.problems) say(deps.stderr, problem)
    const [source] = sources
    const command = source === undefined ? 'run' : commandOf[source.kind]
    deps.stderr.write(`Nothing was started. pairmill ${command} --help lists the options.\n`)
    return exitCodes.usage
  }
  const { options } = input
  if (options.backend === '') {
    say(
      deps.stderr,
      `--backend: must be given with --out ${options.out}: expected pglite: and a local folder for the state of the run, which cannot lie on S3`,
    )
    return exitCodes.usage
  }
  const display = displayFor(options, deps)
  for (const note of input.notes) display.note(note)
  const stop = listenForStop({ source: deps.signalSource, say: display.note, exit: deps.exit })
  try {
    const end = await deps.pipeline(
      options,
      { ...deps.environment, rejectFiles: input.rejectFiles },
      { onSnapshot: display.show, onWork: display.showWork, onNote: display.note },
      stop.signals,
    )
    if ('snapshot' in end) display.show(end.snapshot)
    display.close()
    return report(end, options, stop.first(), deps)
  } catch (error) {
    display.close()
    return reportFailure(error, stop, deps.stderr)
  } finally {
    stop.close()
  }
}

/** Command that makes a dataset of each kind of source. */
const commandOf = { list: 'images', archive: 'warc' } as const satisfies Record<Source['kind'], string>

function displayFor(options: RunOptions, deps: RunDeps): Display {
  const { stderr, redraw, color, unicode, clock } = deps
  const style = styleFor(options.progress, { isTerminal: stderr.isTerminal, redraw })
  return openDisplay(style, { output: stderr, limits: options, color, unicode, clock })
}

function report(end: RunEnd, options: RunOptions, signal: StopSignal | null, deps: RunDeps): ExitCode {
  if (end.kind === 'refused') {
    say(deps.stderr, end.message)
    deps.stderr.write((end.differences ?? []).map((one) => `${differenceText(one)}\n`).join(''))
    return refusalCodes[end.problem]
  }
  if (end.kind === 'unbegun') return exitCodeOf(signal ?? 'SIGINT')
  const { stdout } = deps
  const paper = { columns: stdout.columns(), color: deps.color && stdout.isTerminal, unicode: deps.unicode }
  stdout.write(renderSummary(end, options, paper))
  if (end.kind === 'interrupted') return exitCodeOf(signal ?? 'SIGINT')
  if (end.unread !== undefined) return exitCodes.unread
  return end.snapshot.state === 'failed' ? exitCodes.failed : exitCodes.ok
}

const refusalCodes = {
  locked: exitCodes.locked,
  options_differ: exitCodes.optionsDiffer,
  model: exitCodes.model,
  browser: exitCodes.browser,
  bad_out: exitCodes.usage,
  source: exitCodes.usage,
} as const satisfies Record<Extract<RunEnd, { kind: 'refused' }>['problem'], ExitCode>

export function differenceText({ option, was, is }: OptionDifference): string {
  const [had, has] = [valueText(was), valueText(is)]
  const unseen = had === has ? ' (they differ in what is not shown)' : ''
  return `  ${printed(`${flagOfField(option)}: the run has ${had}, this command says ${has}${unseen}`)}`
}

function valueText(value: unknown): string {
  const shown = (_: string, part: unknown) =>
    typeof part === 'string' && part.includes('://') ? shownUrl(part) : part
  const text = value === null || value === undefined ? 'none' : JSON.stringify(value, shown)
  return text.length > 100 ? `${text.slice(0, 97)}...` : text
}

/** An exception is a bug or a lost disk or database; after a second signal it is what was asked for. */
function reportFailure(
  error: unknown,
  stop: { readonly signals: { readonly abort: AbortSignal }; first(): StopSignal | null },
  stderr: Output,
): ExitCode {
  const signal = stop.first()
  if (signal !== null && stop.signals.abort.aborted) return exitCodeOf(signal)
  const isTold = error instanceof SourceError || error instanceof LockLostError
  say(stderr, `the run failed: ${isTold ? error.message : String(error)}`)
  if (!isTold) stderr.write(traceOf(error))
  stderr.write('What was committed is safe. The same command goes on from there.\n')
  return exitCodes.failed
}
