import { type Hub, openRedisHub } from '../backend/index.js'
import { shownUrl } from '../records/index.js'
import { readWorkers } from '../run/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { type Output, say } from './output.js'

export interface FleetDeps {
  /** PAIRMILL_BACKEND; null = not set. */
  readonly fleetUrl: string | null
  readonly stderr: Output
}

/** The fleet that a command is for: the flag's, else the environment's. Pure. */
export function fleetUrlOf(
  flag: string | null,
  environment: string | null,
): { readonly url: string } | { readonly problem: string } {
  const url = flag ?? environment
  return url === null
    ? { problem: 'no fleet given: --backend redis://HOST:PORT, or set PAIRMILL_BACKEND' }
    : { url }
}

/** Does a command's work on its fleet. A server that cannot be used, or fails meanwhile, is said. */
export async function withFleet(
  flag: string | null,
  { fleetUrl, stderr }: FleetDeps,
  work: (fleet: Hub, url: string) => Promise<ExitCode>,
): Promise<ExitCode> {
  const refuse = (message: string, code: ExitCode): ExitCode => {
    say(stderr, message)
    return code
  }
  const url = fleetUrlOf(flag, fleetUrl)
  if ('problem' in url) return refuse(url.problem, exitCodes.usage)
  const fleet = await openRedisHub(url.url, () => {})
  if ('message' in fleet) return refuse(fleet.message, exitCodes.backend)
  try {
    return await work(fleet, url.url)
  } catch (error) {
    const why = await fleet.explain(error)
    if (why === null) throw error
    return refuse(why, exitCodes.backend)
  } finally {
    await fleet.close()
  }
}

/** What to do where no worker of the fleet answers; null = one does. */
export async function workersMissing({ backend }: Hub, url: string): Promise<string | null> {
  const answering = (await readWorkers(backend)).filter(({ reads }) => reads === null)
  return answering.length > 0 ? null : `no worker is there yet: pairmill work all --backend ${shownUrl(url)}`
}

export function unknownRun(run: string, runs: readonly string[]): string {
  return `there is no run ${run}; ${runs.length === 0 ? 'there are none' : `there are: ${runs.join(', ')}`}`
}
