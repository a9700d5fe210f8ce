import { resolve } from 'node:path'
import { type Hub, openRedisHub, type WorkKind } from '../backend/index.js'
import { temporaryFolder } from '../disk/index.js'
import type { Provider } from '../filter/index.js'
import { defaultOf } from '../options/index.js'
import { batchesAtOnce, decodesPerCore, type Environment, workInFleet } from '../run/index.js'
import { createLog, createMetrics, type LogLevel, type Observe, serveVitals } from '../run/observe/index.js'
import { openStore } from '../shard/index.js'
import { sleep, steadyClock } from '../timing/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { escapedJson } from './figures.js'
import { fleetUrlOf } from './fleet.js'
import { type Output, say } from './output.js'
import { exitCodeOf, listenForStop, type SignalSource } from './signals.js'
import type { WorkRole } from './work-role.js'

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

interface WorkCommandDeps {
  readonly environment: Environment
  /** PAIRMILL_BACKEND; null = not set. */
  readonly fleetUrl: string | null
  readonly cores: number
  readonly stderr: Output
  readonly signalSource: SignalSource
  readonly exit: (code: ExitCode) => void
}

const hostsAtOnce = defaultOf('concurrency')

/** Visits of each kind at once. Pure. */
export function placesOf(role: WorkRole, concurrency: number | null): Partial<Record<WorkKind, number>> {
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
  const tell = (text: string) => say(deps.stderr, text)
  const url = fleetUrlOf(call.backend, deps.fleetUrl)
  if ('problem' in url) {
    tell(url.problem)
    return exitCodes.usage
  }
  const log = createLog({
    level: call.logLevel,
    write: (line) => deps.stderr.write(escapedJson(line)),
    now: () => performance.now(),
  })
  const metrics = call.metricsPort === null ? null : createMetrics()
  const observe: Observe = (event) => {
    log(event)
    metrics?.observe(event)
  }
  const trouble = (error: Error) => observe({ kind: 'trouble', run: null, key: null, message: error.message })
  const stop = listenForStop({ source: deps.signalSource, say: tell, exit: deps.exit })
  const closers: (() => Promise<void>)[] = []
  try {
    const vitals =
      metrics === null || call.metricsPort === null
        ? null
        : await serveVitals({ port: call.metricsPort, host: call.metricsHost }, metrics.registry)
    if (vitals !== null && 'message' in vitals) {
      tell(vitals.message)
      return exitCodes.usage
    }
    if (vitals !== null) closers.push(vitals.close)
    const connected = await untilConnected(() => openRedisHub(url.url, trouble), observe, stop.signals.drain)
    const first = stop.first()
    if (connected === null) return exitCodeOf(first ?? 'SIGTERM')
    if ('message' in connected) {
      tell(connected.message)
      return exitCodes.backend
    }
    const fleet = connected
    closers.push(fleet.close)
    for (const warning of fleet.warnings) tell(warning)
    const places = placesOf(call.role, call.concurrency)
    const scratchOfOurs = async () => {
      const folder = await temporaryFolder('data')
      closers.push(folder.remove)
      return folder.path
    }
    const scratchDir = call.scratch === null ? await scratchOfOurs() : resolve(call.scratch)
    const working = workInFleet(
      {
        places,
        threads: call.threads ?? deps.cores,
        provider: call.provider,
        decodes: decodesPerCore * deps.cores,
        untilDone: call.untilDone,
      },
      {
        hub: fleet,
        environment: deps.environment,
        openStore: (out) =>
          openStore(out, { s3: deps.environment.s3, scratchDir, access: 'write' }, stop.signals.abort),
        observe,
        now: steadyClock(),
        random: Math.random,
      },
      stop.signals,
    )
    vitals?.watch({
      working,
      fleet,
      kinds: Object.keys(places) as WorkKind[],
      now: () => performance.now(),
    })
    await working.ended
    const signal = stop.first()
    return signal === null ? exitCodes.ok : exitCodeOf(signal)
  } finally {
    stop.close()
    for (const close of closers) await close()
  }
}

/** How often a server that is not up is dialled again, and how often that is told. */
const dialEveryMs = 2_000
const tellEveryMs = 60_000

/**
 * Dials until the server is up: workers are started beside it, and a new process would find no more of it. null = the signal came
 * first. `message`: why waiting would not help.
 */
async function untilConnected(
  connect: () => ReturnType<typeof openRedisHub>,
  observe: Observe,
  signal: AbortSignal,
): Promise<Hub | { readonly message: string } | null> {
  const given = new Promise<null>((resolve) => {
    signal.addEventListener('abort', () => resolve(null), { once: true })
  })
  let toldAtMs = Number.NEGATIVE_INFINITY
  while (!signal.aborted) {
    const dialling = connect()
    const connected = await Promise.race([dialling, given])
    if (connected === null) {
      // Nobody waits for it any more.
      dialling.then((late) => ('message' in late ? undefined : late.close())).catch(() => {})
      return null
    }
    if (!('message' in connected) || connected.kind === 'unusable') return connected
    if (performance.now() - toldAtMs >= tellEveryMs) {
      toldAtMs = performance.now()
      observe({ kind: 'server', state: 'away', message: `${connected.message} It is waited for` })
    }
    await sleep(dialEveryMs, signal)
  }
  return null
}
