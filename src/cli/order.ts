import { type Order, orderRun } from '../run/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { type FleetDeps, unknownRun, withFleet } from './fleet.js'
import { type Output, say } from './output.js'

export interface OrderCall {
  readonly order: Order
  readonly run: string
  /** null = as the environment has it. */
  readonly backend: string | null
}

export interface OrderDeps extends FleetDeps {
  readonly stdout: Output
}

const effects: Record<Order, string> = {
  pause: 'paused: what is under way is finished, nothing new is started',
  resume: 'goes on',
  stop: 'stops: what was kept is written to shards',
}
const standsAlready: Record<Order, string> = {
  pause: 'is not going on: there is nothing to pause',
  resume: 'goes on already',
  stop: 'has ended or stops already',
}

/** `pairmill pause|resume|stop`. */
export async function orderCommand({ run, order, backend }: OrderCall, deps: OrderDeps): Promise<ExitCode> {
  return await withFleet(backend, deps, async (fleet) => {
    const ordered = await orderRun(fleet, run, order)
    if (ordered.kind === 'unknown') {
      say(deps.stderr, unknownRun(run, ordered.runs))
      return exitCodes.failed
    }
    if (ordered.kind === 'forgetting') {
      say(deps.stderr, `${run} is being forgotten, and is no run any more: pairmill forget ${run} ends it`)
      return exitCodes.failed
    }
    deps.stdout.write(`${run} ${ordered.kind === 'done' ? effects[order] : standsAlready[order]}.\n`)
    return exitCodes.ok
  })
}
