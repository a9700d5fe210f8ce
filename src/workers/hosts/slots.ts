import type { Backend, Slot } from '../../backend/index.js'
import { createSemaphore, type Semaphore, sleep } from '../../timing/index.js'
import { hostsPerGroup } from './host-groups.js'

type SlotTaken =
  | { readonly kind: 'go' }
  /** `crowded`: not for the host's own sake, but because others of its domain or address are busy. */
  | { readonly kind: 'later'; readonly inMs: number; readonly crowded?: true }

export interface Slots {
  /** Reserves slots for so many fetches on each host at once. */
  plan(wants: ReadonlyMap<string, number>): Promise<void>
  /** Waits for the next slot of the host; `later` where none starts within the window. */
  take(host: string, signal: AbortSignal): Promise<SlotTaken>
  /** Gives no slot of the host for so long; what was reserved is let go. */
  hold(host: string, ms: number): void
  /** Keeps the fetches on the host at least so far apart from now on. */
  slowDown(host: string, delayMs: number): void
  /** Least time between two fetches, as far as is known. */
  delayMs(host: string): number
  /** Sessions or batches in a row, before this one, in which the host answered nothing. */
  failures(host: string): number
}

/** A fetch may start this late on its slot; the backend keeps as much free behind the last one. */
const guardMs = 100

/** Slots of one host, taken one by one: each begins after the one before has begun, however late that was. */
interface HostSlots {
  /** Starts that are reserved and not taken yet. */
  atMs: number[]
  delayMs: number
  /** Least delay that the host showed to need in this batch. */
  leastMs: number
  lastMs: number
  heldUntilMs: number
  failures: number
  readonly turn: Semaphore
}

const fresh = (): HostSlots => ({
  atMs: [],
  delayMs: 0,
  leastMs: 0,
  lastMs: Number.NEGATIVE_INFINITY,
  heldUntilMs: Number.NEGATIVE_INFINITY,
  failures: 0,
  turn: createSemaphore(1),
})

interface SlotDeps {
  readonly backend: Pick<Backend, 'reserve'>
  /** Rate-limit groups of a host: see groupsOf in host-groups.ts. */
  readonly groupsOf: (host: string) => Promise<readonly string[]>
  readonly now: () => number
}

/** Spaces the image fetches of one batch as the backend reserves them. */
export function createSlots(deps: SlotDeps, delayMs: number, windowMs: number): Slots {
  return new BatchSlots(deps, delayMs, windowMs)
}

class BatchSlots implements Slots {
  readonly #deps: SlotDeps
  readonly #wantedMs: number
  readonly #windowMs: number
  readonly #hosts = new Map<string, HostSlots>()

  constructor(deps: SlotDeps, wantedMs: number, windowMs: number) {
    this.#deps = deps
    this.#wantedMs = wantedMs
    this.#windowMs = windowMs
  }

  async plan(wants: ReadonlyMap<string, number>): Promise<void> {
    if (wants.size > 0) await this.#reserve(wants)
  }

  take(host: string, signal: AbortSignal): Promise<SlotTaken> {
    return this.#of(host).turn(() => this.#takeNext(host, signal))
  }

  hold(host: string, ms: number): void {
    const known = this.#of(host)
    known.heldUntilMs = Math.max(known.heldUntilMs, this.#deps.now() + ms)
    known.atMs = []
  }

  slowDown(host: string, leastMs: number): void {
    const known = this.#of(host)
    known.leastMs = Math.max(known.leastMs, leastMs)
    known.delayMs = Math.max(known.delayMs, leastMs)
  }

  delayMs(host: string): number {
    return this.#of(host).delayMs
  }

  failures(host: string): number {
    return this.#of(host).failures
  }

  #of(host: string): HostSlots {
    const known = this.#hosts.get(host) ?? fresh()
    this.#hosts.set(host, known)
    return known
  }

  async #takeNext(host: string, signal: AbortSignal): Promise<SlotTaken> {
    const { now } = this.#deps
    const known = this.#of(host)
    const untilMs = now() + this.#windowMs
    for (;;) {
      const heldMs = known.heldUntilMs - now()
      if (heldMs > 0) return { kind: 'later', inMs: heldMs }
      const atMs = known.atMs.shift()
      if (atMs === undefined) {
        const refused = await this.#reserveOne(host, untilMs, signal)
        if (refused !== null) return refused
        continue
      }
      const nowMs = now()
      const soonestMs = Math.max(nowMs, known.lastMs + known.delayMs)
      // A slot that was missed is not made up for: the next reservation may begin right behind it.
      if (known.delayMs > 0 && soonestMs > atMs + guardMs) continue
      await sleep(Math.max(atMs, soonestMs) - nowMs, signal)
      known.lastMs = now()
      return { kind: 'go' }
    }
  }

  /** Reserves one slot more, and waits while others of the host's groups are busy; null = there may be one now. */
  async #reserveOne(host: string, untilMs: number, signal: AbortSignal): Promise<SlotTaken | null> {
    const later = (await this.#reserve(new Map([[host, 1]]))).get(host)
    if (later === undefined) return null
    const { inMs, crowded } = later
    if (crowded !== true) return { kind: 'later', inMs }
    if (this.#deps.now() + inMs > untilMs) return { kind: 'later', inMs, crowded }
    await sleep(inMs, signal)
    signal.throwIfAborted()
    return null
  }

  /** Reserves slots of each host, and gives the answers of those that have none now. */
  async #reserve(wants: ReadonlyMap<string, number>): Promise<Map<string, Slot>> {
    const { backend, groupsOf, now } = this.#deps
    const [delayMs, windowMs] = [this.#wantedMs, this.#windowMs]
    const slots = await Promise.all(
      [...wants].map(async ([host, want]) => {
        // Where no delay is asked for, the hosts are the user's own.
        return { host, want, groups: delayMs > 0 ? await groupsOf(host) : [] }
      }),
    )
    const later = new Map<string, Slot>()
    const granted = await backend.reserve({ slots, perGroup: hostsPerGroup, delayMs, windowMs, guardMs })
    const nowMs = now()
    for (const slot of granted) {
      const known = this.#of(slot.host)
      known.delayMs = Math.max(slot.delayMs, known.leastMs)
      known.failures = slot.failures
      for (let i = 0; i < slot.granted; i++) known.atMs.push(nowMs + slot.inMs + i * slot.delayMs)
      if (slot.granted === 0) later.set(slot.host, slot)
    }
    return later
  }
}
