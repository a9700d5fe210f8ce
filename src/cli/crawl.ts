import { type ExitCode, exitCodes } from './exit-codes.js'
import { printed } from './figures.js'
import { type FleetDeps, withFleet, workersMissing } from './fleet.js'
import { type LaunchDeps, launch } from './launch.js'
import type { Output } from './output.js'
import type { RunCall } from './run-input.js'
import { amount } from './summary.js'

export interface CrawlCall extends RunCall {
  readonly run: string
  /** null = as the environment has it. */
  readonly backend: string | null
}

export interface CrawlDeps extends FleetDeps, LaunchDeps {
  readonly stdout: Output
}

/** `pairmill crawl`. */
export async function crawlCommand(call: CrawlCall, deps: CrawlDeps): Promise<ExitCode> {
  return await withFleet(call.backend, deps, async (fleet, url) => {
    const launched = await launch(fleet, { ...call, url }, deps)
    if (launched.kind === 'refused') return launched.code
    const seeds = amount(launched.seeds, 'seed')
    deps.stdout.write(
      launched.kind === 'started'
        ? `${call.run}: started with ${seeds}; the dataset will lie in ${printed(launched.options.out)}\n`
        : `${call.run}: ${seeds} given; those that it did not know were added\n`,
    )
    const missing = await workersMissing(fleet, url)
    if (missing !== null) deps.stdout.write(`${call.run}: ${missing}\n`)
    return exitCodes.ok
  })
}
