import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Provider } from '../filter/index.js'
import { openStore } from '../shard/index.js'
import {
  type BellKind,
  batchesAtOnce,
  connectFleet,
  createLog,
  createMetrics,
  decodesPerCore,
  type Environment,
  type LogLevel,
  serveVitals,
  steadyClock,
  work,
} from '../workers/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { oneLine } from './figures.js'
import type { WorkRole } from './fleet-program.js'
import { fleetUrlOf } from './fleet-url.js'
import type { Output } from './output.js'
import { flagOf } from './run-flags.js'
import { exitCodeOf, listenForStop, type SignalSource } from './signals.js'

export interface WorkCall {
  readonly role: WorkRole
  /** null = as the environment has it. */
  readonly backend: string | null
  /** null = the default of each kind of work. */
  readonly concurrency: number | null
  readonly threads: number | null
  readonly provider: Provider
  readonly scratch: string | null
  readonly untilDone: boolean
  /** null = nothing is served; 0 = any free one. */
  readonly metricsPort: number | null
  /** null = this machine alone. */
  readonly metricsHost: string | null
  readonly logLevel: LogLevel
}

export interface WorkCommandDeps {
  readonly environment: Environment
  /** PAIRMILL_BACKEND; null = not set. */
  readonly fleetUrl: string | null
  readonly cores: number
  readonly stderr: Output
  readonly signalSource: SignalSource
  readonly exit: (code: ExitCode) => void
}

const hostsAtOnce = Number(flagOf('concurrency').fallback)

/** Visits of each kind at once. Pure. */
export function placesOf(role: WorkRole, concurrency: number | null): Partial<Record<BellKind, number>> {
  switch (role) {
    case 'crawl':
      return { session: concurrency ?? hostsAtOnce }
    case 'filter':
      return { batch: concurrency ?? batchesAtOnce }
    case 'shard':
      return { plan: concurrency ?? 1 }
    case 'all':
      return { session: concurrency ?? hostsAtOnce, batch: batchesAtOnce, plan: 1 }
  }
}

/** `pairmill work`. */
export async function workCommand(call: WorkCall, deps: WorkCommandDeps): Promise<ExitCode> {
  const say = (text: string) => deps.stderr.write(`pairmill: ${oneLine(text)}\n`)
  const url = fleetUrlOf(call.backend, deps.fleetUrl)
  if ('problem' in url) {
    say(url.problem)
    return exitCodes.usage
  }
  const log = createLog({ level: call.logLevel, write: deps.stderr.write, now: () => performance.now() })
  const metrics = call.metricsPort === null ? null : createMetrics()
  const observe: Parameters<typeof work>[1]['observe'] = (event) => {
    log(event)
    metrics?.observe(event)
  }
  const trouble = (error: Error) => observe({ kind: 'trouble', run: null, key: null, message: error.message })
  const fleet = await connectFleet(url.url, trouble)
  if ('message' in fleet) {
    say(fleet.message)
    return exitCodes.backend
  }
  for (const warning of fleet.warnings) say(warning)
  const stop = listenForStop({ source: deps.signalSource, say, exit: deps.exit })
  const refused = new AbortController()
  const closers: (() => Promise<void>)[] = []
  const scratchDir = resolve(call.scratch ?? join(tmpdir(), `pairmill-${randomBytes(6).toString('hex')}`))
  try {
    const places = placesOf(call.role, call.concurrency)
    const working = work(
      {
        places,
        threads: call.threads ?? deps.cores,
        provider: call.provider,
        decodes: decodesPerCore * deps.cores,
        untilDone: call.untilDone,
      },
      {
        fleet,
        environment: deps.environment,
        openStore: (out) =>
          openStore(out, { s3: deps.environment.s3, scratchDir, access: 'write' }, stop.signals.abort),
        observe,
        now: steadyClock(),
        random: Math.random,
      },
      { drain: AbortSignal.any([stop.signals.drain, refused.signal]), abort: stop.signals.abort },
    )
    if (metrics !== null && call.metricsPort !== null) {
      const served = await serveVitals(
        { port: call.metricsPort, host: call.metricsHost },
        {
          registry: metrics.registry,
          working,
          fleet,
          kinds: Object.keys(places) as BellKind[],
          now: () => performance.now(),
        },
      )
      if ('message' in served) {
        say(served.message)
        refused.abort()
        await working.ended
        return exitCodes.usage
      }
      closers.push(served.close)
    }
    await working.ended
    const signal = stop.first()
    return signal === null ? exitCodes.ok : exitCodeOf(signal)
  } finally {
    stop.close()
    for (const close of closers) await close()
    await fleet.close()
  }
}
