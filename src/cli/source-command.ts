import type { Hub } from '../backend/index.js'
import { type Source, SourceError } from '../crawl/index.js'
import type { GivenOptions } from '../options/index.js'
import { shownUrl } from '../records/index.js'
import { type IngestEnd, isNothingRead, readSources, skipText } from '../run/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { formatCount, printed } from './figures.js'
import { type FleetDeps, withFleet, workersMissing } from './fleet.js'
import { launch } from './launch.js'
import { say } from './output.js'
import { type RunDeps, runCommand } from './run.js'
import { exitCodeOf, listenForStop, type StopSignal } from './signals.js'
import { amount } from './summary.js'

/** Call of a command that reads sources, beside the sources. */
export interface SourceCall {
  /** Name of a run of a fleet; null = a run in this process. */
  readonly run: string | null
  /** As of `pairmill run`; `backend` may name a fleet. */
  readonly flags: GivenOptions
  readonly configFile: string | null
}

export interface SourceDeps extends RunDeps, FleetDeps {}

/** Makes a dataset of what the sources give: in this process, or with the workers of a fleet. */
export async function sourceCommand(
  call: SourceCall,
  deps: SourceDeps,
  sources: readonly Source[],
): Promise<ExitCode> {
  const { backend = null } = call.flags
  const isFleet = typeof backend === 'string' && /^rediss?:/.test(backend)
  if (call.run === null) {
    if (!isFleet) return runCommand({ ...call, seeds: [] }, deps, sources)
    say(deps.stderr, '--run: missing; a fleet carries out many runs: give this one a name')
    return exitCodes.usage
  }
  if (backend !== null && !isFleet) {
    say(
      deps.stderr,
      `--run: names a run of a fleet, and --backend ${shownUrl(String(backend))} is none: expected redis://HOST[:PORT]`,
    )
    return exitCodes.usage
  }
  return feedFleet({ ...call, run: call.run }, backend, deps, sources)
}

async function feedFleet(
  call: SourceCall & { readonly run: string },
  backend: string | null,
  deps: SourceDeps,
  sources: readonly Source[],
): Promise<ExitCode> {
  const tell = (text: string) => say(deps.stderr, text)
  return await withFleet(backend, deps, async (fleet, url) => {
    const stop = listenForStop({ source: deps.signalSource, say: tell, exit: deps.exit })
    try {
      const { backend: _, ...flags } = call.flags
      const launched = await launch(fleet, { ...call, seeds: [], flags, url }, deps, sources)
      if (launched.kind === 'refused') return launched.code
      const { options } = launched
      tell(`${call.run}: reads ${amount(sources.length, 'source')}; the dataset will lie in ${options.out}`)
      fleet.server.onChange(({ text }) => tell(text))
      const missing = await workersMissing(fleet, url)
      if (missing !== null) tell(missing)
      const read = await readSources(
        fleet,
        { run: call.run, options, sources },
        deps.environment,
        {
          onSkipped: (skipped) => {
            for (const one of skipped) tell(skipText(one))
          },
          onProgress: (counters, waiting) => tell(`${call.run}: ${progressText(counters, waiting)}`),
        },
        stop.signals,
      )
      return await report(read, call.run, fleet, deps, stop.first())
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      tell(error.message)
      tell(
        `What was read is safe. The same command goes on from there; pairmill stop ${call.run} ends the run without the rest.`,
      )
      return exitCodes.failed
    } finally {
      stop.close()
    }
  })
}

function progressText(counters: Readonly<Record<string, number>>, waiting: number): string {
  const read = [
    ['rows of lists', counters.rows],
    ['records of archives', counters.records],
  ] as const
  const parts = read.flatMap(([what, count]) => (count === undefined ? [] : `${formatCount(count)} ${what}`))
  const so = parts.length === 0 ? 'nothing' : parts.join(' and ')
  return `${so} read by all so far; about ${amount(waiting, 'candidate')} of ${formatCount(counters.candidates ?? 0)} to be judged`
}

async function report(
  read: IngestEnd,
  run: string,
  fleet: Hub,
  { stdout }: SourceDeps,
  signal: StopSignal | null,
): Promise<ExitCode> {
  if (read === 'stopped') {
    stdout.write(
      `${run}: not read to the end. The same command goes on from there; pairmill stop ${run} ends the run without the rest.\n`,
    )
    return exitCodeOf(signal ?? 'SIGINT')
  }
  if (read === 'read' && isNothingRead(await fleet.backend.counters(run))) {
    stdout.write(
      `${run}: read to the end, and nothing in it could be read: what was left out is named above, and pairmill status ${run} counts it\n`,
    )
    return exitCodes.unread
  }
  if (read === 'read') {
    stdout.write(`${run}: read to the end. The workers judge what waits: pairmill status ${run}\n`)
    return exitCodes.ok
  }
  const entry = (await fleet.backend.runs()).find((one) => one.run === run)
  if (entry?.standing === 'failed') {
    stdout.write(
      `${run}: failed, so nothing more is read${entry.note === null ? '' : `: ${printed(entry.note)}`}\n`,
    )
    return exitCodes.failed
  }
  stdout.write(
    `${run}: takes nothing any more (${printed(entry?.ended ?? 'stopped')}). pairmill resume ${run}, then the same command, goes on.\n`,
  )
  return exitCodes.ok
}
