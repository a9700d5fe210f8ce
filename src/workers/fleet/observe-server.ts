import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { Gauge, type Registry } from 'prom-client'
import type { Backend } from '../backend/backend.js'
import { messageOf } from '../opening.js'
import { createDepths } from './depths.js'
import { type Health, healthOf, readinessOf } from './health.js'
import { createWatch, type Watch, type WatchDeps } from './watch.js'

export interface VitalsDeps extends WatchDeps {
  /** What `createMetrics` gave; what waits and how the process is are added to it. */
  readonly registry: Registry
  readonly fleet: WatchDeps['fleet'] & { readonly backend: Pick<Backend, 'progress' | 'workers'> }
}

export interface VitalsAddress {
  /** 0 = any free one. */
  readonly port: number
  /** null = this machine alone can ask. */
  readonly host: string | null
}

export interface VitalsServer {
  readonly port: number
  close(): Promise<void>
}

const lookEveryMs = 5_000
/** A connection that says nothing for so long is closed. */
const requestMs = 10_000

/**
 * Serves /metrics (Prometheus), /healthz (200 while the process does what it is there for, 503 and why where it does not) and
 * /readyz (200 while its backend is there). `message`: why it cannot.
 */
export async function serveVitals(
  { port, host }: VitalsAddress,
  deps: VitalsDeps,
): Promise<VitalsServer | { readonly message: string }> {
  const { registry, fleet, kinds } = deps
  const watch = createWatch(deps)
  const readDepths = createDepths(registry)
  const vitalGauges = createVitalGauges(registry)
  const health = () => healthOf(watch.watched(), kinds)
  const readiness = () => readinessOf(watch.watched(), fleet.connected())

  const answer = async (path: string, response: ServerResponse): Promise<void> => {
    switch (path) {
      case '/metrics': {
        await readDepths(fleet.connected() ? fleet.backend : null)
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
        response.end(`${messageOf(error)}\n`)
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
  const looks = keepLooking(watch)
  const address = server.address()
  return {
    port: address !== null && typeof address === 'object' ? address.port : port,
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
  const ready = gauge('pairmill_ready', '1 while /readyz says that the backend is there.')
  return (
    { working, fleet }: Pick<VitalsDeps, 'working' | 'fleet'>,
    health: Health,
    readiness: Health,
  ): void => {
    const vitals = working.vitals()
    active.set(vitals.active)
    consumedAt.set(vitals.consumedAtMs / 1000)
    connected.set(fleet.connected() ? 1 : 0)
    healthy.set(health.ok ? 1 : 0)
    ready.set(readiness.ok ? 1 : 0)
  }
}
