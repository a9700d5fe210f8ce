import {
  type Answering,
  type BellKind,
  type Bells,
  bellKinds,
  marginMs,
  type Ring,
  type Visit,
} from './work-queue.js'

/** Work that is rung for under one key. It waits for its time, waits for a free place, or is being answered. */
interface Entry {
  readonly ring: Ring
  /** null = it does not wait for its time. */
  timer: NodeJS.Timeout | null
  isActive: boolean
  /** Delay of a ring that came while it was being answered; null = none came. */
  nextMs: number | null
}

interface Consumer {
  readonly visit: Visit
  readonly concurrency: number
  readonly onError: (error: Error) => void
  active: number
  isClosing: boolean
  /** Called when a visit ends. */
  ended: (() => void) | null
}

interface KindQueue {
  readonly entries: Map<string, Entry>
  /** Entries whose time has come, in that order. */
  readonly ready: Set<Entry>
  readonly consumers: Set<Consumer>
}

const longestTimerMs = 2 ** 31 - 1

/**
 * Rings in the memory of the only process that works on its runs. They are lost with it, which loses nothing: it rings anew from the backend.
 */
export function memoryBells(): Bells {
  const kinds = new Map<BellKind, KindQueue>(
    bellKinds.map((kind) => [kind, { entries: new Map(), ready: new Set(), consumers: new Set() }]),
  )
  const of = (kind: BellKind): KindQueue => {
    const queue = kinds.get(kind)
    if (queue === undefined) throw new Error(`no queue for ${kind}`)
    return queue
  }
  return {
    ring: async (kind, run, keys, delayMs = 0) => {
      const queue = of(kind)
      for (const key of keys) {
        const id = idOf(run, key)
        const known = queue.entries.get(id)
        if (known?.isActive === true) known.nextMs = delayMs
        else {
          const entry = known ?? { ring: { v: 1, run, key }, timer: null, isActive: false, nextMs: null }
          queue.entries.set(id, entry)
          putOff(queue, entry, delayMs)
        }
      }
      serve(queue)
    },
    answer: (kind, concurrency, visit, onError): Answering => {
      const queue = of(kind)
      const consumer: Consumer = { visit, concurrency, onError, active: 0, isClosing: false, ended: null }
      queue.consumers.add(consumer)
      serve(queue)
      return {
        close: async (now) => {
          consumer.isClosing = true
          queue.consumers.delete(consumer)
          while (consumer.active > 0 && !now) {
            await new Promise<void>((resolve) => {
              consumer.ended = resolve
            })
          }
        },
      }
    },
    drop: async (run) => {
      for (const queue of kinds.values()) clear(queue, (entry) => entry.ring.run === run && !entry.isActive)
    },
    silence: async () => {
      for (const queue of kinds.values()) clear(queue, () => true)
    },
    close: async () => {
      for (const queue of kinds.values()) clear(queue, () => true)
    },
  }
}

function idOf(run: string, key: string): string {
  return `${run}/${key}`
}

/** Has the entry wait for its time, whatever it waited for before. */
function putOff(queue: KindQueue, entry: Entry, delayMs: number): void {
  if (entry.timer !== null) clearTimeout(entry.timer)
  entry.timer = null
  if (delayMs <= 0) {
    queue.ready.add(entry)
    return
  }
  queue.ready.delete(entry)
  entry.timer = setTimeout(
    () => {
      entry.timer = null
      queue.ready.add(entry)
      serve(queue)
    },
    Math.min(delayMs, longestTimerMs),
  )
}

/** Gives what is ready to consumers that have a place free. */
function serve(queue: KindQueue): void {
  for (const entry of queue.ready) {
    const free = [...queue.consumers].find(({ active, concurrency }) => active < concurrency)
    if (free === undefined) return
    queue.ready.delete(entry)
    void visit(queue, free, entry)
  }
}

async function visit(queue: KindQueue, consumer: Consumer, entry: Entry): Promise<void> {
  entry.isActive = true
  consumer.active++
  let againMs: number | null = null
  try {
    const visited = await consumer.visit(entry.ring)
    againMs = visited.kind === 'again' ? visited.inMs + marginMs : null
  } catch (error) {
    // The run's scheduler rings again.
    consumer.onError(error instanceof Error ? error : new Error(String(error)))
  }
  consumer.active--
  consumer.ended?.()
  entry.isActive = false
  const id = idOf(entry.ring.run, entry.ring.key)
  // Silenced meanwhile: another may have its key.
  if (queue.entries.get(id) === entry) {
    // The answer came first: what was rung for meanwhile may be what there is more of.
    const delayMs = againMs ?? entry.nextMs
    if (againMs === null) entry.nextMs = null
    if (delayMs === null) queue.entries.delete(id)
    else putOff(queue, entry, delayMs)
  }
  serve(queue)
}

function clear(queue: KindQueue, which: (entry: Entry) => boolean): void {
  for (const [id, entry] of queue.entries) {
    if (!which(entry)) continue
    if (entry.timer !== null) clearTimeout(entry.timer)
    queue.ready.delete(entry)
    queue.entries.delete(id)
  }
}
