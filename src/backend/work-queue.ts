/** Kinds of work: a host to crawl, a batch to judge, a plan to carry out. */
export const workKinds = ['session', 'batch', 'plan'] as const
export type WorkKind = (typeof workKinds)[number]

export interface WorkItem {
  readonly v: 1
  readonly run: string
  /** A host; or a slot, whose worker takes one batch or plan of the run after the other, so that runs take turns. */
  readonly key: string
}

/** Keys of the first slots of a run. Pure. */
export function slotKeys(count: number): readonly string[] {
  return Array.from({ length: count }, (_, slot) => String(slot))
}

/** `again`: there is more to do under this key, in so many ms. */
export type WorkResult = { readonly kind: 'done' } | { readonly kind: 'again'; readonly inMs: number }
export type Work = (item: WorkItem) => Promise<WorkResult>

export interface Consumer {
  /** Takes nothing new, and waits until what is under way has ended, unless `now`. */
  close(now: boolean): Promise<void>
}

/**
 * Queue of what may be to be done. An item is a doorbell: it can be lost, doubled or late and nothing is lost with it, since the backend knows
 * what is to be done, and whoever consumes the item asks it. Items of one key are held together; a notification that comes while the key is worked
 * on is kept for afterwards.
 */
export interface WorkQueue {
  notify(kind: WorkKind, run: string, keys: readonly string[], delayMs?: number): Promise<void>
  /** Notifies while few items wait: else the scheduler does, when their turn is near. So no commit makes the queue long. */
  hint(kind: WorkKind, run: string, keys: readonly string[]): Promise<void>
  /** Items that wait, for a place or for their time, or are worked on. */
  size(kind: WorkKind): Promise<number>
  consume(kind: WorkKind, concurrency: number, work: Work, onError: (error: Error) => void): Consumer
  /** Takes the items of a run away that nobody works on yet, as far as none comes or goes meanwhile. */
  drop(run: string): Promise<void>
  /** Takes every item away. For a process that is alone: its scheduler notifies anew from the backend. */
  clear(): Promise<void>
  close(): Promise<void>
}

/** The holder of a key may let go of it long before its lease ends, and cannot wake others that wait for it: they look again this soon. */
const busyMs = 1_000

/** Result of an item whose key another one holds. */
export function busyFor(inMs: number): WorkResult {
  return { kind: 'again', inMs: Math.min(inMs, busyMs) }
}

/** After the frontier said 'not yet', so that the next visit does not come a hair too early. */
export const marginMs = 2
