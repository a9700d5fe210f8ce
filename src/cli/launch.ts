import type { Hub } from '../backend/index.js'
import type { RunOptions } from '../options/index.js'
import { createRejectList, messageOf, shownUrl } from '../records/index.js'
import {
  checkRunSources,
  type Environment,
  type Launched,
  launchRun,
  ownedByOther,
  sourcesProblem,
} from '../run/index.js'
import { type RejectFile, readRetracted, storeRejectFile } from '../shard/index.js'
import type { Clock } from './display.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { formatCount, printed } from './figures.js'
import { type Output, say } from './output.js'
import { openPlace } from './place.js'
import { differenceText } from './run.js'
import { type InputDeps, type RunCall, readRunInput } from './run-input.js'
import { amount } from './summary.js'
import { toldChunks } from './told-input.js'

interface LaunchCall extends RunCall {
  readonly run: string
  /** Of the fleet. */
  readonly url: string
}

export interface LaunchDeps {
  readonly input: InputDeps
  readonly environment: Pick<Environment, 's3'>
  readonly stderr: Output
  readonly clock: Clock
}

const progressMs = 1_000

/** Starts a run of a fleet, or adds seeds and sources to one. `refused`: why not was said. */
export async function launch(
  fleet: Hub,
  call: LaunchCall,
  deps: LaunchDeps,
  sources: RunOptions['sources'] = [],
): Promise<Exclude<Launched, { kind: 'refused' }> | { readonly kind: 'refused'; readonly code: ExitCode }> {
  const refuse = (messages: readonly string[], code: ExitCode) => {
    for (const message of messages) say(deps.stderr, message)
    return { kind: 'refused', code } as const
  }
  for (const warning of fleet.warnings) say(deps.stderr, warning)
  const existing = (await fleet.backend.runs()).find(({ run }) => run === call.run)
  // Where the dataset of a run lies, who crawls, and where names lead was said when it was started.
  const stored = existing === undefined ? null : await fleet.backend.options(call.run)
  const { out, userAgent, connectTo } = stored ?? {}
  const standing = stored === null ? {} : { out, userAgent, connectTo }
  const readChunks = toldChunks(deps.input.readChunks, 'plain', deps)
  const input = await readRunInput({ ...call, standing }, { ...deps.input, readChunks }, sources)
  if (input.kind === 'problems') return refuse(input.problems, exitCodes.usage)
  for (const note of input.notes) deps.stderr.write(`${printed(note)}\n`)
  const options = { ...input.options, backend: shownUrl(call.url) }
  const seen = await lookAt(options.out, existing ?? null, deps)
  const taken =
    (await sourcesProblem(options.out, null, sources)) ??
    seen.problem ??
    (await storeLists(options.out, input.rejectFiles, deps))
  if (taken !== null) return refuse([taken], exitCodes.usage)
  let offered = 0
  const stop = deps.clock.every(progressMs, () => {
    if (offered > 0)
      say(
        deps.stderr,
        `${call.run}: ${formatCount(offered)} of ${amount(options.seeds.length, 'seed')} taken`,
      )
  })
  const launched = await launchRun(fleet, {
    run: call.run,
    options,
    given: input.given,
    refusesSeed: seen.refusesSeed,
    onSeeds: (count) => {
      offered = count
    },
    checkSources: (expected, isNew) =>
      checkRunSources(fleet, { run: call.run, options: expected, sources }, deps.environment, isNew),
  }).finally(stop)
  if (launched.kind !== 'refused') return launched
  const refused = refuse([launched.message], refusalCodes[launched.problem])
  deps.stderr.write(launched.differences.map((one) => `${differenceText(one)}\n`).join(''))
  return refused
}

const refusalCodes = {
  options: exitCodes.optionsDiffer,
  changed: exitCodes.optionsDiffer,
  place: exitCodes.usage,
  name: exitCodes.usage,
  unreadable: exitCodes.usage,
} as const satisfies Record<Extract<Launched, { kind: 'refused' }>['problem'], ExitCode>

/** A place that does not answer within this is left to the workers. */
const lookMs = 10_000

interface SeenPlace {
  /** Another run or a stranger's files are in the way; null = they are not, or that cannot be seen from here: the workers look again. */
  readonly problem: string | null
  /** Seeds that were taken back from the dataset. */
  readonly refusesSeed: (url: string) => boolean
}

async function lookAt(
  out: string,
  entry: Parameters<typeof ownedByOther>[1],
  { environment, stderr }: LaunchDeps,
): Promise<SeenPlace> {
  const unseen = (why: string): SeenPlace => {
    say(stderr, `${out} could not be looked at from here, the workers will: ${why}`)
    return { problem: null, refusesSeed: () => false }
  }
  const signal = AbortSignal.timeout(lookMs)
  try {
    const opened = await openPlace(out, environment.s3, signal)
    if ('message' in opened) return unseen(opened.message)
    try {
      const problem = await ownedByOther(opened.store, entry, signal)
      const retracted = createRejectList(await readRetracted(opened.store, signal))
      return { problem, refusesSeed: (url) => retracted.refusesUrl(url) }
    } finally {
      await opened.close()
    }
  } catch (error) {
    return unseen(messageOf(error))
  }
}

/** Stores lists where the workers of the run find them. Answers why they cannot be stored; null = they lie there. */
async function storeLists(
  out: string,
  files: readonly RejectFile[],
  { environment }: LaunchDeps,
): Promise<string | null> {
  if (files.length === 0) return null
  const { signal } = new AbortController()
  try {
    const opened = await openPlace(out, environment.s3, signal, 'write')
    if ('message' in opened) return opened.message
    try {
      for (const file of files) await storeRejectFile(opened.store, file, signal)
      return null
    } finally {
      await opened.close()
    }
  } catch (error) {
    return `--reject: what is on it cannot be stored in ${out}: ${messageOf(error)}`
  }
}
