import { openRedisHub } from '../backend/index.js'
import { type Order, orderRun } from '../run/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { fleetUrlOf } from './fleet-url.js'
import { type Output, say } from './output.js'

export interface OrderCall {
  readonly order: Order
  readonly run: string
  /** null = as the environment has it. */
  readonly backend: string | null
}

export interface OrderDeps {
  /** PAIRMILL_BACKEND; null = not set. */
  readonly fleetUrl: string | null
  readonly stdout: Output
  readonly stderr: Output
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
export async function orderCommand(call: OrderCall, deps: OrderDeps): Promise<ExitCode> {
  const refuse = (message: string, code: ExitCode): ExitCode => {
    say(deps.stderr, message)
    return code
  }
  const url = fleetUrlOf(call.backend, deps.fleetUrl)
  if ('problem' in url) return refuse(url.problem, exitCodes.usage)
  const fleet = await openRedisHub(url.url, () => {})
  if ('message' in fleet) return refuse(fleet.message, exitCodes.backend)
  try {
    const ordered = await orderRun(fleet, call.run, call.order)
    if (ordered.kind === 'unknown') {
      const known = ordered.runs.length === 0 ? 'there are none' : `there are: ${ordered.runs.join(', ')}`
      return refuse(`there is no run ${call.run}; ${known}`, exitCodes.failed)
    }
    if (ordered.kind === 'forgetting') {
      return refuse(
        `${call.run} is being forgotten, and is no run any more: pairmill forget ${call.run} ends it`,
        exitCodes.failed,
      )
    }
    const said = ordered.kind === 'done' ? effects[call.order] : standsAlready[call.order]
    deps.stdout.write(`${call.run} ${said}.\n`)
    return exitCodes.ok
  } catch (error) {
    const why = await fleet.explain(error)
    if (why === null) throw error
    return refuse(why, exitCodes.backend)
  } finally {
    await fleet.close()
  }
}
