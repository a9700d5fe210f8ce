import type { Backend, HostReport } from '../../backend/index.js'
import { askedPauseMs, latencyDelayMs, overloadDelayMs, workDelayMs } from '../../crawl/index.js'
import { failurePauseMs } from './host-backoff.js'
import type { HostEvent } from './observed-fetch.js'
import type { Slots } from './slots.js'

/** Fetches in a row without an answer after which the rest of a batch leaves their host alone. */
const mostDead = 5
const firstPauseMs = 2_000

interface Seen {
  answered: number
  latenciesMs: number
  workMs: number
  dead: number
  deadInRow: number
}

export interface ImageHosts {
  /** Takes note of what one fetch met, and has the slots obey it. */
  onEvent(host: string, event: HostEvent): void
  /** Takes note of how long this process worked on an image that the host gave, in milliseconds. */
  worked(host: string, ms: number): void
  /** Tells the backend, and with it all workers, what became of the hosts of the batch. */
  report(): Promise<void>
}

/** What the image fetches of one batch meet with. A host that asks for a pause is reported at once, everything else at the end. */
export function createImageHosts(
  deps: { readonly backend: Pick<Backend, 'reportHosts'> },
  slots: Pick<Slots, 'delayMs' | 'failures' | 'hold' | 'slowDown'>,
  /** Between two images of a host, as the user asks for it. */
  wantedMs: number,
): ImageHosts {
  const seen = new Map<string, Seen>()
  const seenOf = (host: string): Seen => {
    const known = seen.get(host) ?? { answered: 0, latenciesMs: 0, workMs: 0, dead: 0, deadInRow: 0 }
    seen.set(host, known)
    return known
  }
  let sent: Promise<void> = Promise.resolve()
  const send = (reports: readonly HostReport[]): Promise<void> => {
    sent = sent.then(() => deps.backend.reportHosts(reports))
    // Awaited by report(); a failure until then is not unhandled.
    sent.catch(() => undefined)
    return sent
  }
  const pauseOf = (host: string) => failurePauseMs(slots.failures(host), firstPauseMs)

  return {
    onEvent: (host, event) => {
      const known = seenOf(host)
      if (event.kind === 'answered') {
        known.answered++
        known.latenciesMs += event.latencyMs
        known.deadInRow = 0
        return
      }
      known.dead++
      known.deadInRow++
      if (known.deadInRow >= mostDead) slots.hold(host, pauseOf(host))
      if (event.kind === 'dead') return
      const throttleMs = overloadDelayMs(slots.delayMs(host))
      const pauseMs = askedPauseMs(event.askedMs)
      slots.slowDown(host, throttleMs)
      if (pauseMs > 0) slots.hold(host, pauseMs)
      send([{ host, throttleMs, pauseMs, health: 'none' }])
    },
    worked: (host, ms) => {
      seenOf(host).workMs += ms
    },
    report: async () => {
      const reports = [...seen].map(([host, { answered, latenciesMs, workMs, dead }]): HostReport => {
        const isDead = answered === 0 && dead > 0
        const throttleMs =
          answered === 0
            ? 0
            : Math.max(
                latencyDelayMs(wantedMs, latenciesMs / answered),
                workDelayMs(wantedMs, workMs / answered),
              )
        return { host, throttleMs, pauseMs: isDead ? pauseOf(host) : 0, health: isDead ? 'bad' : 'ok' }
      })
      await (reports.length === 0 ? sent : send(reports))
    },
  }
}
