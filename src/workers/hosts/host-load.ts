import type { HostReport } from '../../backend/index.js'
import { askedPauseMs, latencyDelayMs, overloadDelayMs, workDelayMs } from '../../crawl/index.js'
import type { HostEvent } from './host-event.js'

/** Fetches in a row without an answer after which a host is silent. */
const mostUnanswered = 5

/** Relief that a host is to be given at once after it said that it is too much. */
interface Relief {
  /** Least time between two fetches from now on. */
  readonly throttleMs: number
  /** How long to leave it alone; 0 = it did not ask for that. */
  readonly pauseMs: number
}

/**
 * Load of one host, as its answers within one session or batch show it: how far apart its fetches have to be, how long it wants to be left
 * alone, and whether it answers at all. Pages and images are judged alike.
 */
export class HostLoad {
  /** Between two fetches, as the user asks for it. */
  readonly #wantedMs: number
  #answered = 0
  #unanswered = 0
  #unansweredInRow = 0
  #latenciesMs = 0
  #workMs = 0
  #overloadThrottleMs = 0
  #pauseMs = 0

  constructor(wantedMs: number) {
    this.#wantedMs = wantedMs
  }

  /** Takes note of an answer, or of its absence. `delayMs`: between two fetches until now. Gives what is to be obeyed at once; null = nothing. */
  observe(event: HostEvent, delayMs: number): Relief | null {
    if (event.kind === 'answered') {
      this.#answered++
      this.#latenciesMs += event.latencyMs
      this.#unansweredInRow = 0
      return null
    }
    this.#unanswered++
    this.#unansweredInRow++
    if (event.kind === 'dead') return null
    const relief = { throttleMs: overloadDelayMs(delayMs), pauseMs: askedPauseMs(event.askedMs) }
    this.#overloadThrottleMs = Math.max(this.#overloadThrottleMs, relief.throttleMs)
    this.#pauseMs = Math.max(this.#pauseMs, relief.pauseMs)
    return relief
  }

  /** Takes note of how long this process worked on an answer, in milliseconds. */
  worked(ms: number): void {
    this.#workMs += ms
  }

  /** Least time between two fetches, by how long answers take to begin and to be worked on; 0 = no more than is asked for anyway. */
  get answerThrottleMs(): number {
    if (this.#answered === 0) return 0
    return Math.max(
      latencyDelayMs(this.#wantedMs, this.#latenciesMs / this.#answered),
      workDelayMs(this.#wantedMs, this.#workMs / this.#answered),
    )
  }

  /** Least time between two fetches that the host showed to need, answers of too much included; 0 = as above. */
  get throttleMs(): number {
    return Math.max(this.#overloadThrottleMs, this.answerThrottleMs)
  }

  /** Longest pause that the host asked for; 0 = none. */
  get pauseMs(): number {
    return this.#pauseMs
  }

  get health(): HostReport['health'] {
    return healthOf(this.#answered, this.#unanswered)
  }

  /** Whether so many fetches in a row had no answer that the rest of a batch leaves the host alone; a session, which is short, goes on. */
  get isSilent(): boolean {
    return this.#unansweredInRow >= mostUnanswered
  }
}

/** Health of a host by its answers: one is enough; `none` = it was not asked. Pure. */
export function healthOf(answered: number, unanswered: number): HostReport['health'] {
  if (answered > 0) return 'ok'
  return unanswered > 0 ? 'bad' : 'none'
}
