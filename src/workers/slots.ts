import type { Backend } from './backend/backend.js'
import { createGate, type Gate } from './gate.js'
import { pause } from './pause.js'

export type SlotTaken = { readonly kind: 'go' } | { readonly kind: 'later'; readonly inMs: number }

export interface Slots {
  /** Reserves slots for so many fetches on each host at once. */
  plan(wants: ReadonlyMap<string, number>): Promise<void>
  /** Waits for the next slot of the host; `later` where none starts within the window. */
  take(host: string, signal: AbortSignal): Promise<SlotTaken>
}

/** A fetch may start this late on its slot; the backend keeps as much free behind the last one. */
const guardMs = 100

/** The image fetches of one batch, spaced as the backend reserves them. */
export function createSlots(
  deps: { readonly backend: Backend; readonly now: () => number },
  delayMs: number,
  windowMs: number,
): Slots {
  const reserved = new Map<string, { atMs: number[]; delayMs: number; lastMs: number }>()
  const turns = new Map<string, Gate>()
  const turnOf = (host: string): Gate => {
    const turn = turns.get(host) ?? createGate(1)
    turns.set(host, turn)
    return turn
  }

  const reserve = async (wants: ReadonlyMap<string, number>): Promise<Map<string, number>> => {
    const slots = [...wants].map(([host, want]) => ({ host, want }))
    const later = new Map<string, number>()
    const granted = await deps.backend.reserve({ slots, delayMs, windowMs, guardMs })
    const now = deps.now()
    for (const slot of granted) {
      const known = reserved.get(slot.host) ?? { atMs: [], delayMs: 0, lastMs: Number.NEGATIVE_INFINITY }
      known.delayMs = slot.delayMs
      for (let i = 0; i < slot.granted; i++) known.atMs.push(now + slot.inMs + i * slot.delayMs)
      reserved.set(slot.host, known)
      if (slot.granted === 0) later.set(slot.host, slot.inMs)
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
        for (;;) {
          const known = reserved.get(host)
          const at = known?.atMs.shift()
          if (known === undefined || at === undefined) {
            const later = (await reserve(new Map([[host, 1]]))).get(host)
            if (later !== undefined) return { kind: 'later', inMs: later }
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
  }
}
