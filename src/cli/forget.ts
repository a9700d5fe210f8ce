import { type Hub, openRedisHub } from '../backend/index.js'
import { type Forgotten, forgetRun } from '../run/index.js'
import type { Clock } from './display.js'
import { formatDuration } from './duration.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { formatCount, oneLine } from './figures.js'
import { fleetUrlOf } from './fleet-url.js'
import type { Output } from './output.js'

export interface ForgetCall {
  readonly run: string
  /** null = as the environment has it. */
  readonly backend: string | null
}

export interface ForgetDeps {
  /** PAIRMILL_BACKEND; null = not set. */
  readonly fleetUrl: string | null
  readonly stdout: Output
  readonly stderr: Output
  readonly clock: Clock
}

/** `pairmill forget`. */
export async function forgetCommand(call: ForgetCall, deps: ForgetDeps): Promise<ExitCode> {
  const refuse = (message: string, code: ExitCode): ExitCode => {
    deps.stderr.write(`pairmill: ${oneLine(message)}\n`)
    return code
  }
  const url = fleetUrlOf(call.backend, deps.fleetUrl)
  if ('problem' in url) return refuse(url.problem, exitCodes.usage)
  const fleet = await openRedisHub(url.url, () => {})
  if ('message' in fleet) return refuse(fleet.message, exitCodes.backend)
  try {
    const forgotten = await forgetShown(fleet, call.run, deps)
    if (forgotten.kind !== 'forgotten') return refuse(refusalOf(call.run, forgotten), exitCodes.failed)
    deps.stdout.write(`${call.run} is forgotten. Its dataset is as it was.\n`)
    return exitCodes.ok
  } catch (error) {
    const why = await fleet.explain(error)
    if (why === null) throw error
    return refuse(why, exitCodes.backend)
  } finally {
    await fleet.close()
  }
}

const progressMs = 1_000

/** Says every second how far it is; on a terminal in one line. */
export async function forgetShown(
  fleet: Pick<Hub, 'backend' | 'queue'>,
  run: string,
  { stderr, clock }: Pick<ForgetDeps, 'stderr' | 'clock'>,
): Promise<Forgotten> {
  let removed = 0
  let isShown = false
  const stop = clock.every(progressMs, () => {
    isShown = true
    const said = `${run}: ${formatCount(removed)} keys and host entries freed so far`
    stderr.write(stderr.isTerminal ? `\r\u001b[K${said}` : `${said}\n`)
  })
  try {
    return await forgetRun(fleet, run, (more) => {
      removed += more
    })
  } finally {
    stop()
    if (isShown && stderr.isTerminal) stderr.write('\r\u001b[K')
  }
}

/** Message about what stands in the way, and what to do. Pure. */
function refusalOf(run: string, forgotten: Exclude<Forgotten, { kind: 'forgotten' }>): string {
  switch (forgotten.kind) {
    case 'unknown': {
      const { runs } = forgotten
      return `there is no run ${run}; ${runs.length === 0 ? 'there are none' : `there are: ${runs.join(', ')}`}`
    }
    case 'goes_on':
      return forgotten.state === 'stopping'
        ? `${run} has not ended: it stops, and \`pairmill work shard\` writes what it kept to shards; nothing was forgotten`
        : `${run} has not ended (${forgotten.state}): pairmill stop ${run} ends it; nothing was forgotten`
    case 'held':
      return `a worker still holds a part of ${run}, for ${formatDuration(forgotten.inMs)} at most: try again then; nothing was forgotten`
    case 'read':
      return `${forgotten.worker} still reads sources for ${run}: end it, or try again in a moment; nothing was forgotten`
  }
}
