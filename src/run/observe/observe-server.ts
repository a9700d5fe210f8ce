import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { Gauge, type Registry } from 'prom-client'
import { type Hub, serverStateKinds } from '../../backend/index.js'
import { messageOf, withoutSecrets } from '../../records/index.js'
import { createDepths, type DepthsBackend } from './depths.js'
import { type Health, healthOf, readinessOf } from './health.js'
import { createWatch, type Watch, type WatchDeps } from './watch.js'

export interface VitalsDeps extends WatchDeps {
  readonly fleet: WatchDeps['fleet'] & {
    readonly backend: DepthsBackend
    readonly server: Pick<Hub['server'], 'state' | 'memory'>
  }
}

interface VitalsAddress {
  /** 0 = any free one. */
  readonly port: number
  /** null = this machine alone can ask. */
  readonly host: string | null
}

export interface VitalsServer {
  readonly port: number
  /** The process has its backend: from now on it is looked at. Until then it is well, for it waits, and is not ready. */
  watch(deps: VitalsDeps): void
  close(): Promise<void>
}

const lookEveryMs = 5_000
/** A connection that says nothing for so long is closed. */
const requestMs = 10_000

/**
 * Serves /metrics (Prometheus), /healthz (200 while the process does what it is there for, 503 and why where it does not) and
 * /readyz (200 while its backend is there and takes writes). `registry`: what `createMetrics` gave; what waits and how the process is are
 * added to it. `message`: why it cannot.
 */
export async function serveVitals(
  { port, host }: VitalsAddress,
  registry: Registry,
): Promise<VitalsServer | { readonly message: string }> {
  let watched: { readonly watch: Watch; readonly deps: VitalsDeps } | null = null
  const readDepths = createDepths(registry)
  const vitalGauges = createVitalGauges(registry)
  const health = (): Health =>
    watched === null ? { ok: true, reasons: [] } : healthOf(watched.watch.watched(), watched.deps.kinds)
  const readiness = (): Health =>
    watched === null
      ? readinessOf({ waiting: null }, false, null)
      : readinessOf(watched.watch.watched(), watched.deps.fleet.connected(), watched.deps.fleet.server.state)

  const answer = async (path: string, response: ServerResponse): Promise<void> => {
    switch (path) {
      case '/metrics': {
        const deps = watched?.deps ?? null
        await readDepths(deps?.fleet.connected() === true ? deps.fleet.backend : null)
        vitalGauges(deps, health(), readiness())
        response.setHeader('content-type', registry.contentType)
        response.end(await registry.metrics())
        return
      }
      case '/healthz':
        return tell(response, health())
      case '/readyz':
        return tell(response, readiness())
      default:
        response.writeHead(404, { 'content-type': 'text/plain' }).end('/metrics, /healthz or /readyz\n')
    }
  }
  const server = createServer(
    { requestTimeout: requestMs, headersTimeout: requestMs },
    (request, response) => {
      if (request.method !== 'GET') {
        response.writeHead(405, { allow: 'GET' }).end()
        return
      }
      const path = (request.url ?? '').replace(/\?.*$/s, '')
      answer(path, response).catch((error: unknown) => {
        // Whoever asked learns it; what it asks about goes on.
        if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' })
        response.end(`${withoutSecrets(messageOf(error))}\n`)
      })
    },
  )

  const shownHost = host ?? '127.0.0.1'
  try {
    server.listen(port, shownHost)
    await once(server, 'listening')
  } catch (error) {
    return {
      message: `--metrics-port ${port}: cannot listen on ${shownHost}: ${messageOf(error)}. Choose another port or address`,
    }
  }
  let looks: NodeJS.Timeout | undefined
  const address = server.address()
  return {
    port: address !== null && typeof address === 'object' ? address.port : port,
    watch: (deps) => {
      const watch = createWatch(deps)
      watched = { watch, deps }
      looks = keepLooking(watch)
    },
    close: async () => {
      clearInterval(looks)
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function keepLooking(watch: Watch): NodeJS.Timeout {
  // A look never rejects: what the backend fails with counts as no answer.
  void watch.look()
  return setInterval(() => void watch.look(), lookEveryMs).unref()
}

function tell(response: ServerResponse, { ok, reasons }: Health): void {
  response
    .writeHead(ok ? 200 : 503, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(`${JSON.stringify({ ok, reasons })}\n`)
}

function createVitalGauges(registry: Registry) {
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] })
  const active = gauge('pairmill_visits_active', 'Visits of this process under way.')
  const consumedAt = gauge(
    'pairmill_last_visit_end_timestamp_seconds',
    'When a visit of this process last ended, or it began.',
  )
  const connected = gauge('pairmill_backend_connected', '1 while this process is connected to the backend.')
  const healthy = gauge('pairmill_healthy', '1 while /healthz says that all is well.')
  const ready = gauge('pairmill_ready', '1 while /readyz says that the backend is there and takes writes.')
  const state = new Gauge({
    name: 'pairmill_backend_state',
    help: '1 for how the backend stands as this process sees it: ok, full (at maxmemory), read_only, loading, misconf (it cannot write to its disk) or away.',
    labelNames: ['state'],
    registers: [registry],
  })
  const used = gauge(
    'pairmill_backend_memory_bytes',
    'Memory of the backend that counts against its limit; absent where it does not say. The same from every process.',
  )
  const limit = gauge(
    'pairmill_backend_memory_max_bytes',
    'The limit of the backend’s memory (maxmemory); absent where there is none. The same from every process.',
  )
  return (deps: Pick<VitalsDeps, 'working' | 'fleet'> | null, health: Health, readiness: Health): void => {
    const vitals = deps?.working.vitals() ?? null
    active.set(vitals?.active ?? 0)
    if (vitals !== null) consumedAt.set(vitals.consumedAtMs / 1000)
    connected.set(deps?.fleet.connected() === true ? 1 : 0)
    healthy.set(health.ok ? 1 : 0)
    ready.set(readiness.ok ? 1 : 0)
    const stands = deps?.fleet.server.state.kind ?? 'away'
    for (const kind of serverStateKinds) state.set({ state: kind }, kind === stands ? 1 : 0)
    const memory = deps?.fleet.server.memory ?? null
    for (const [gauge, bytes] of [
      [used, memory?.usedBytes],
      [limit, memory?.maxBytes],
    ] as const) {
      if (bytes === undefined || bytes === null) gauge.remove()
      else gauge.set(bytes)
    }
  }
}
