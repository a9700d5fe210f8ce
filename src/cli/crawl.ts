import { openRedisHub } from '../backend/index.js'
import { shownUrl } from '../records/index.js'
import { type Environment, readWorkers } from '../run/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { printed } from './figures.js'
import { fleetUrlOf } from './fleet-url.js'
import { launch } from './launch.js'
import { type Output, say } from './output.js'
import type { InputDeps, RunCall } from './run-input.js'
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
  const refuse = (message: string, code: ExitCode): ExitCode => {
    say(deps.stderr, message)
    return code
  }
  const url = fleetUrlOf(call.backend, deps.fleetUrl)
  if ('problem' in url) return refuse(url.problem, exitCodes.usage)
  const fleet = await openRedisHub(url.url, () => {})
  if ('message' in fleet) return refuse(fleet.message, exitCodes.backend)
  try {
    const launched = await launch(fleet, { ...call, url: url.url }, deps)
    if (launched.kind === 'refused') return launched.code
    const seeds = amount(launched.seeds, 'seed')
    deps.stdout.write(
      launched.kind === 'started'
        ? `${call.run}: started with ${seeds}; the dataset will lie in ${printed(launched.options.out)}\n`
        : `${call.run}: ${seeds} given; those that it did not know were added\n`,
    )
    const answering = (await readWorkers(fleet.backend)).filter(({ reads }) => reads === null)
    if (answering.length === 0) {
      deps.stdout.write(`No worker is there yet: pairmill work all --backend ${shownUrl(url.url)}\n`)
    }
    return exitCodes.ok
  } catch (error) {
    const why = await fleet.explain(error)
    if (why === null) throw error
    return refuse(why, exitCodes.backend)
  } finally {
    await fleet.close()
  }
}
