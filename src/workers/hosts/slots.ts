import type { Backend, Slot } from '../../backend/index.js'
import { createGate, type Gate, pause } from '../../timing/index.js'
import { hostsPerGroup } from './host-groups.js'

export type SlotTaken =
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

interface Reserved {
  atMs: number[]
  delayMs: number
  /** What the host showed to need in this batch. */
  leastMs: number
  lastMs: number
  heldUntilMs: number
  failures: number
}

const fresh = (): Reserved => ({
  atMs: [],
  delayMs: 0,
  leastMs: 0,
  lastMs: Number.NEGATIVE_INFINITY,
  heldUntilMs: Number.NEGATIVE_INFINITY,
  failures: 0,
})

/** The image fetches of one batch, spaced as the backend reserves them. */
export function createSlots(
  deps: {
    readonly backend: Pick<Backend, 'reserve'>
    /** Rate-limit groups of a host: its registrable domain and its address. */
    readonly groupsOf: (host: string) => Promise<readonly string[]>
    readonly now: () => number
  },
  delayMs: number,
  windowMs: number,
): Slots {
  const reserved = new Map<string, Reserved>()
  const turns = new Map<string, Gate>()
  const turnOf = (host: string): Gate => {
    const turn = turns.get(host) ?? createGate(1)
    turns.set(host, turn)
    return turn
  }

  // Where no delay is asked for, the hosts are the user's own.
  const groupsOf = (host: string) => (delayMs > 0 ? deps.groupsOf(host) : [])

  const reserve = async (wants: ReadonlyMap<string, number>): Promise<Map<string, Slot>> => {
    const slots = await Promise.all(
      [...wants].map(async ([host, want]) => ({ host, want, groups: await groupsOf(host) })),
    )
    const later = new Map<string, Slot>()
    const granted = await deps.backend.reserve({ slots, perGroup: hostsPerGroup, delayMs, windowMs, guardMs })
    const now = deps.now()
    for (const slot of granted) {
      const known = reserved.get(slot.host) ?? fresh()
      known.delayMs = Math.max(slot.delayMs, known.leastMs)
      known.failures = slot.failures
      for (let i = 0; i < slot.granted; i++) known.atMs.push(now + slot.inMs + i * slot.delayMs)
      reserved.set(slot.host, known)
      if (slot.granted === 0) later.set(slot.host, slot)
    }
    return later
  }

  return {
    plan: async (wants) => {
      if (wants.size > 0) await reserve(wants)
    },
    take: (host, signal) =>
      // One by one on a host, so that each begins after the one before has begun, however late that was.
      turnOf(host)(async () => {
        const askedAtMs = deps.now()
        for (;;) {
          const known = reserved.get(host)
          const heldMs = (known?.heldUntilMs ?? 0) - deps.now()
          if (heldMs > 0) return { kind: 'later', inMs: heldMs }
          const at = known?.atMs.shift()
          if (known === undefined || at === undefined) {
            const later = (await reserve(new Map([[host, 1]]))).get(host)
            if (later === undefined) continue
            const { inMs, crowded } = later
            if (crowded !== true) return { kind: 'later', inMs }
            if (deps.now() + inMs - askedAtMs > windowMs) return { kind: 'later', inMs, crowded }
            await pause(inMs, signal)
            signal.throwIfAborted()
            continue
          }
          const now = deps.now()
          const soonest = Math.max(now, known.lastMs + known.delayMs)
          // A slot that was missed is not made up for: the next reservation may begin right behind it.
          if (known.delayMs > 0 && soonest > at + guardMs) continue
          await pause(Math.max(at, soonest) - now, signal)
          known.lastMs = deps.now()
          return { kind: 'go' }
        }
      }),
    hold: (host, ms) => {
      const known = reserved.get(host) ?? fresh()
      reserved.set(host, known)
      known.heldUntilMs = Math.max(known.heldUntilMs, deps.now() + ms)
      known.atMs = []
    },
    slowDown: (host, leastMs) => {
      const known = reserved.get(host) ?? fresh()
      reserved.set(host, known)
      known.leastMs = Math.max(known.leastMs, leastMs)
      known.delayMs = Math.max(known.delayMs, leastMs)
    },
    delayMs: (host) => reserved.get(host)?.delayMs ?? 0,
    failures: (host) => reserved.get(host)?.failures ?? 0,
  }
}
