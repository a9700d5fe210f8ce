import { type ServerState, stateText, type WorkKind } from '../../backend/index.js'

/** What a look at the process and at its backend saw. */
export interface Look {
  /** Kinds of this process's work of which something waits and is held by nobody; null = the backend did not answer. */
  readonly waiting: readonly WorkKind[] | null
  /** Visits under way. */
  readonly active: number
  /** When a visit last ended, by any clock: only that it changes counts. */
  readonly consumedAtMs: number
}

/** What the looks so far come to. Times are those of a clock that never jumps. */
export interface Watched extends Look {
  /** Of the last look. */
  readonly lookedAtMs: number
  /** Since when every look found work waiting; null = the last one did not. */
  readonly waitingSinceMs: number | null
  /** Since when every look found visits under way; null = the last one did not. */
  readonly busySinceMs: number | null
  /** When a look last found that a visit had ended. */
  readonly progressAtMs: number
  /** When the backend last answered. */
  readonly contactAtMs: number
}

export interface Health {
  readonly ok: boolean
  /** For people; empty where it is well. */
  readonly reasons: readonly string[]
}

/** So long may work wait while this process answers nothing and is not busy. */
const idleMs = 60_000
/** So long may visits be under way without one of them ending. A plan reads and writes gigabytes; the other kinds end sooner. */
const visitMs: Readonly<Record<WorkKind, number>> = { session: 600_000, batch: 600_000, plan: 3_600_000 }
/**
 * So long may the backend be away. Long, since a new process would not reach it either; but a connection that does not come back by
 * itself is made anew.
 */
const contactMs = 300_000
/** A longer time between two looks is one in which the process did not run: it is given its time anew. */
const sleptMs = 30_000

/** A process that just began, before any look. */
export function unwatched(consumedAtMs: number, nowMs: number): Watched {
  return {
    waiting: null,
    active: 0,
    consumedAtMs,
    lookedAtMs: nowMs,
    waitingSinceMs: null,
    busySinceMs: null,
    progressAtMs: nowMs,
    contactAtMs: nowMs,
  }
}

/** What one more look makes of it. Pure. */
export function watchedAfter(before: Watched, look: Look, nowMs: number): Watched {
  const slept = nowMs - before.lookedAtMs > sleptMs
  const since = (sinceMs: number | null, still: boolean) =>
    still ? (slept ? nowMs : (sinceMs ?? nowMs)) : null
  return {
    ...look,
    lookedAtMs: nowMs,
    waitingSinceMs: since(before.waitingSinceMs, look.waiting !== null && look.waiting.length > 0),
    busySinceMs: since(before.busySinceMs, look.active > 0),
    progressAtMs: look.consumedAtMs === before.consumedAtMs ? before.progressAtMs : nowMs,
    contactAtMs: slept || look.waiting !== null ? nowMs : before.contactAtMs,
  }
}

/**
 * Whether the process does what it is there for, as against being alive. Pure. Unhealthy: it answers nothing though work of its kinds
 * waits; its visits do not end; its backend has been away for long.
 */
export function healthOf(watched: Watched, kinds: readonly WorkKind[]): Health {
  const { lookedAtMs, waitingSinceMs, busySinceMs, progressAtMs, contactAtMs } = watched
  const reasons: string[] = []
  if (watched.active === 0 && waitingSinceMs !== null) {
    const idle = lookedAtMs - Math.max(waitingSinceMs, progressAtMs)
    const waiting = watched.waiting?.join(' and ')
    if (idle >= idleMs) reasons.push(`consumed no work for ${seconds(idle)} while ${waiting} work waits`)
  }
  if (busySinceMs !== null) {
    const stuck = lookedAtMs - Math.max(busySinceMs, progressAtMs)
    const limit = Math.max(...kinds.map((kind) => visitMs[kind]))
    if (stuck >= limit)
      reasons.push(`${watched.active} visits under way, and none ended for ${seconds(stuck)}`)
  }
  const away = lookedAtMs - contactAtMs
  if (away >= contactMs) reasons.push(`the backend has not answered for ${seconds(away)}`)
  return { ok: reasons.length === 0, reasons }
}

/** Whether the process can take work just now: its backend is there, and takes writes. `state` null = there is none yet. Pure. */
export function readinessOf(
  { waiting }: Pick<Watched, 'waiting'>,
  connected: boolean,
  state: ServerState | null,
): Health {
  // A server that takes no writes is dialled anew again and again: why says more than that.
  if (state !== null && state.kind !== 'ok') return { ok: false, reasons: [stateText(state)] }
  if (!connected || state === null) return { ok: false, reasons: ['not connected to the backend'] }
  return waiting === null
    ? { ok: false, reasons: ['the backend has not answered'] }
    : { ok: true, reasons: [] }
}

const seconds = (ms: number): string => `${Math.floor(ms / 1000)} s`
