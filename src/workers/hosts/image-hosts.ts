import type { Backend, HostReport } from '../../backend/index.js'
import { defaultFailing, failurePauseMs } from './host-backoff.js'
import type { HostEvent } from './host-event.js'
import { HostLoad } from './host-load.js'
import type { Slots } from './slots.js'

interface ImageHosts {
  /** Takes note of what one fetch says of its host, and has the slots obey it. */
  onEvent(host: string, event: HostEvent): void
  /** Takes note of how long this process worked on an image that the host gave, in milliseconds. */
  worked(host: string, ms: number): void
  /** Tells the backend, and with it all workers, what became of the hosts of the batch. */
  report(): Promise<void>
}

/** Hosts of one batch's images. One that asks for a pause is reported at once, everything else at the end. */
export function createImageHosts(
  deps: { readonly backend: Pick<Backend, 'reportHosts'> },
  slots: Pick<Slots, 'delayMs' | 'failures' | 'hold' | 'slowDown'>,
  /** Between two images of a host, as the user asks for it. */
  wantedMs: number,
): ImageHosts {
  const loads = new Map<string, HostLoad>()
  const loadOf = (host: string): HostLoad => {
    const load = loads.get(host) ?? new HostLoad(wantedMs)
    loads.set(host, load)
    return load
  }
  let sent: Promise<void> = Promise.resolve()
  const send = (reports: readonly HostReport[]): Promise<void> => {
    sent = sent.then(() => deps.backend.reportHosts(reports))
    // Awaited by report(); a failure until then is not unhandled.
    sent.catch(() => undefined)
    return sent
  }
  const pauseOf = (host: string) => failurePauseMs(slots.failures(host), defaultFailing.firstPauseMs)

  return {
    onEvent: (host, event) => {
      const load = loadOf(host)
      const relief = load.observe(event, slots.delayMs(host))
      if (load.isSilent) slots.hold(host, pauseOf(host))
      if (relief === null) return
      slots.slowDown(host, relief.throttleMs)
      if (relief.pauseMs > 0) slots.hold(host, relief.pauseMs)
      send([{ host, ...relief, health: 'none' }])
    },
    worked: (host, ms) => loadOf(host).worked(ms),
    report: async () => {
      const reports = [...loads].map(([host, { answerThrottleMs, health }]): HostReport => {
        return { host, throttleMs: answerThrottleMs, pauseMs: health === 'bad' ? pauseOf(host) : 0, health }
      })
      await (reports.length === 0 ? sent : send(reports))
    },
  }
}
