import type { Hub } from '../backend/index.js'
import { type Forgotten, forgetRun } from '../run/index.js'
import { formatDuration } from '../timing/index.js'
import type { Clock } from './display.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { formatCount } from './figures.js'
import { type FleetDeps, unknownRun, withFleet } from './fleet.js'
import { type Output, say } from './output.js'

export interface ForgetCall {
  readonly run: string
  /** null = as the environment has it. */
  readonly backend: string | null
}

interface ForgetDeps extends FleetDeps {
  readonly stdout: Output
  readonly clock: Clock
}

/** `pairmill forget`. */
export async function forgetCommand({ run, backend }: ForgetCall, deps: ForgetDeps): Promise<ExitCode> {
  return await withFleet(backend, deps, async (fleet) => {
    const forgotten = await forgetShown(fleet, run, deps)
    if (forgotten.kind !== 'forgotten') {
      say(deps.stderr, refusalOf(run, forgotten))
      return exitCodes.failed
    }
    deps.stdout.write(`${run} is forgotten. Its dataset is as it was.\n`)
    return exitCodes.ok
  })
}

const progressMs = 1_000

/** Says every second how far it is; on a terminal in one line. */
async function forgetShown(
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
    case 'unknown':
      return unknownRun(run, forgotten.runs)
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
