import { renderPauseMs } from '../../crawl/index.js'
import { sleep } from '../../timing/index.js'

export interface HostTimes {
  readonly startedAtMs: number
  /** Between two fetches. */
  readonly delayMs: number
  /** Slots are reserved until then: a fetch that begins later would come near the next holder's. */
  readonly reservedUntilMs: number
  /** No fetch begins after this. */
  readonly endsAtMs: number
}

/** Clock of a host while one session holds it: when the next fetch may begin, and what the requests of browsers cost. */
export class HostClock {
  readonly #now: () => number
  readonly #times: HostTimes
  #delayMs: number
  #nextAtMs: number
  #owedUntilMs: number
  /** null = nothing was fetched. */
  #lastFetchAtMs: number | null = null

  constructor(now: () => number, times: HostTimes) {
    this.#now = now
    this.#times = times
    this.#delayMs = times.delayMs
    this.#nextAtMs = times.startedAtMs
    this.#owedUntilMs = times.startedAtMs
  }

  /** Least time between two fetches, as far as is known by now. */
  get delayMs(): number {
    return this.#delayMs
  }

  /** How long ago the last fetch began; null = there was none. */
  get lastFetchAgoMs(): number | null {
    return this.#lastFetchAtMs === null ? null : Math.max(Math.round(this.#now() - this.#lastFetchAtMs), 0)
  }

  /** How long the host is still to be left alone for what browsers asked of it, beyond the delay; 0 = no longer. */
  get owedMs(): number {
    return Math.max(this.#owedUntilMs - this.#now(), 0)
  }

  /** Keeps fetches at least so far apart from now on. */
  slowDown(delayMs: number): void {
    this.#delayMs = Math.max(this.#delayMs, delayMs)
  }

  /** Waits for the next slot and takes it; false = none is left, or `drain` was aborted. */
  async takeSlot(drain: AbortSignal): Promise<boolean> {
    const { endsAtMs, reservedUntilMs } = this.#times
    const atMs = Math.max(this.#nextAtMs, this.#now())
    this.#nextAtMs = atMs + this.#delayMs
    // A fetch that would begin too late need not be waited for.
    if (atMs > endsAtMs) return false
    await sleep(atMs - this.#now(), drain)
    const nowMs = this.#now()
    if (drain.aborted || nowMs > endsAtMs) return false
    if (this.#delayMs > 0 && nowMs > reservedUntilMs) return false
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs + this.#delayMs)
    this.#lastFetchAtMs = nowMs
    return true
  }

  /** Moves the next slot out by the requests that a browser sent just now, each `requestDelayMs`. */
  charge(requests: number, requestDelayMs: number): void {
    if (requests === 0) return
    const nowMs = this.#now()
    this.#lastFetchAtMs = nowMs
    this.#owedUntilMs = Math.max(
      this.#owedUntilMs,
      nowMs + renderPauseMs(requests, requestDelayMs, this.#delayMs),
    )
    this.#nextAtMs = Math.max(this.#nextAtMs, this.#owedUntilMs)
  }
}
