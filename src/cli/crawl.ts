import { isS3Url } from '../shard/index.js'
import { connectFleet, type Environment, launchRun, ownedByOther, shownFleetUrl } from '../workers/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { oneLine } from './figures.js'
import { fleetUrlOf } from './fleet-url.js'
import type { Output } from './output.js'
import { openPlace } from './place.js'
import { differenceText } from './run.js'
import { type InputDeps, type RunCall, readRunInput } from './run-input.js'
import { amount } from './summary.js'

export interface CrawlCall extends RunCall {
  readonly run: string
  /** null = as the environment has it. */
  readonly backend: string | null
}

export interface CrawlDeps {
  readonly input: InputDeps
  readonly environment: Pick<Environment, 's3'>
  /** PAIRMILL_BACKEND; null = not set. */
  readonly fleetUrl: string | null
  readonly stdout: Output
  readonly stderr: Output
}

/** `pairmill crawl`. */
export async function crawlCommand(call: CrawlCall, deps: CrawlDeps): Promise<ExitCode> {
  const refuse = (messages: readonly string[], code: ExitCode): ExitCode => {
    deps.stderr.write(messages.map((message) => `pairmill: ${oneLine(message)}\n`).join(''))
    return code
  }
  const url = fleetUrlOf(call.backend, deps.fleetUrl)
  if ('problem' in url) return refuse([url.problem], exitCodes.usage)
  const fleet = await connectFleet(url.url, () => {})
  if ('message' in fleet) return refuse([fleet.message], exitCodes.backend)
  try {
    for (const warning of fleet.warnings) deps.stderr.write(`pairmill: ${oneLine(warning)}\n`)
    const existing = (await fleet.backend.runs()).find(({ run }) => run === call.run)
    // Where the dataset of a run lies, who crawls, and where names lead was said when it was started.
    const { out, userAgent, connectTo } = existing?.options ?? {}
    const standing = existing === undefined ? {} : { out, userAgent, connectTo }
    const input = await readRunInput({ ...call, standing }, deps.input)
    if (input.kind === 'problems') return refuse(input.problems, exitCodes.usage)
    for (const note of input.notes) deps.stderr.write(`${oneLine(note)}\n`)
    const options = { ...input.options, backend: shownFleetUrl(url.url) }
    const taken = await takenBy(options.out, existing ?? null, deps)
    if (taken !== null) return refuse([taken], exitCodes.usage)
    const launched = await launchRun(fleet, { run: call.run, options, given: input.given })
    if (launched.kind === 'refused') {
      if (launched.differences.length === 0) return refuse([launched.message], exitCodes.usage)
      refuse([launched.message], exitCodes.optionsDiffer)
      deps.stderr.write(`${launched.differences.map(differenceText).join('\n')}\n`)
      return exitCodes.optionsDiffer
    }
    const seeds = amount(launched.seeds, 'seed')
    deps.stdout.write(
      launched.kind === 'started'
        ? `${call.run}: started with ${seeds}; the dataset will lie in ${options.out}\n`
        : `${call.run}: ${seeds} given; those that it did not know were added\n`,
    )
    const workers = await fleet.backend.workers()
    if (workers.length === 0) {
      deps.stdout.write(`No worker is there yet: pairmill work all --backend ${shownFleetUrl(url.url)}\n`)
    }
    return exitCodes.ok
  } finally {
    await fleet.close()
  }
}

/** A place that does not answer within this is left to the workers. */
const lookMs = 10_000

/** Why another state's run is in the way; null = it is not, or that cannot be seen from here: the workers look again. */
async function takenBy(
  out: string,
  entry: Parameters<typeof ownedByOther>[1],
  { environment, stderr }: Pick<CrawlDeps, 'environment' | 'stderr'>,
): Promise<string | null> {
  if (!isS3Url(out)) return null
  const unseen = (why: string): null => {
    stderr.write(
      `pairmill: ${oneLine(`${out} could not be looked at from here, the workers will: ${why}`)}\n`,
    )
    return null
  }
  const signal = AbortSignal.timeout(lookMs)
  try {
    const opened = await openPlace(out, environment.s3, signal)
    if ('message' in opened) return unseen(opened.message)
    try {
      return await ownedByOther(opened.store, entry, signal)
    } finally {
      await opened.close()
    }
  } catch (error) {
    return unseen(error instanceof Error ? error.message : String(error))
  }
}
