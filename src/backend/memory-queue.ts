import {
  type Consumer,
  marginMs,
  type Work,
  type WorkItem,
  type WorkKind,
  type WorkQueue,
  workKinds,
} from './work-queue.js'

/** Work item of one key. It waits for its time, waits for a free place, or is worked on. */
interface Entry {
  readonly item: WorkItem
  /** null = it does not wait for its time. */
  timer: NodeJS.Timeout | null
  isActive: boolean
  /** Delay of a notification that came while it was worked on; null = none came. */
  nextMs: number | null
}

interface Worker {
  readonly work: Work
  readonly concurrency: number
  readonly onError: (error: Error) => void
  active: number
  /** Called when an item is done. */
  ended: (() => void) | null
}

interface KindQueue {
  readonly entries: Map<string, Entry>
  /** Entries whose time has come, in that order. */
  readonly ready: Set<Entry>
  readonly workers: Set<Worker>
}

const longestTimerMs = 2 ** 31 - 1

/**
 * Queue in the memory of the only process that works on its runs. What waits there is lost with it, which loses nothing: the scheduler notifies anew from the backend.
 */
export function memoryQueue(): WorkQueue {
  const kinds = new Map<WorkKind, KindQueue>(
    workKinds.map((kind) => [kind, { entries: new Map(), ready: new Set(), workers: new Set() }]),
  )
  const of = (kind: WorkKind): KindQueue => {
    const queue = kinds.get(kind)
    if (queue === undefined) throw new Error(`no queue for ${kind}`)
    return queue
  }
  const notify: WorkQueue['notify'] = async (kind, run, keys, delayMs = 0) => {
    const queue = of(kind)
    for (const key of keys) {
      const id = idOf(run, key)
      const known = queue.entries.get(id)
      if (known?.isActive === true) known.nextMs = delayMs
      else {
        const entry = known ?? { item: { v: 1, run, key }, timer: null, isActive: false, nextMs: null }
        queue.entries.set(id, entry)
        putOff(queue, entry, delayMs)
      }
    }
    serve(queue)
  }
  return {
    notify,
    // An item is a few hundred bytes of this process, and gone with it.
    hint: notify,
    size: async (kind) => of(kind).entries.size,
    consume: (kind, concurrency, work, onError): Consumer => {
      const queue = of(kind)
      const worker: Worker = { work, concurrency, onError, active: 0, ended: null }
      queue.workers.add(worker)
      serve(queue)
      return {
        close: async (now) => {
          queue.workers.delete(worker)
          while (worker.active > 0 && !now) {
            await new Promise<void>((resolve) => {
              worker.ended = resolve
            })
          }
        },
      }
    },
    drop: async (run) => {
      for (const queue of kinds.values()) remove(queue, (entry) => entry.item.run === run && !entry.isActive)
    },
    clear: async () => {
      for (const queue of kinds.values()) remove(queue, () => true)
    },
    close: async () => {
      for (const queue of kinds.values()) remove(queue, () => true)
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

/** Gives what is ready to workers that have a place free. */
function serve(queue: KindQueue): void {
  for (const entry of queue.ready) {
    const free = [...queue.workers].find(({ active, concurrency }) => active < concurrency)
    if (free === undefined) return
    queue.ready.delete(entry)
    void workOn(queue, free, entry)
  }
}

async function workOn(queue: KindQueue, worker: Worker, entry: Entry): Promise<void> {
  entry.isActive = true
  worker.active++
  let againMs: number | null = null
  try {
    const result = await worker.work(entry.item)
    againMs = result.kind === 'again' ? result.inMs + marginMs : null
  } catch (error) {
    // The run's scheduler notifies again.
    worker.onError(error instanceof Error ? error : new Error(String(error)))
  }
  worker.active--
  worker.ended?.()
  entry.isActive = false
  const id = idOf(entry.item.run, entry.item.key)
  // Silenced meanwhile: another may have its key.
  if (queue.entries.get(id) === entry) {
    // The result came first: what a notification meanwhile was for may be what there is more of.
    const delayMs = againMs ?? entry.nextMs
    if (againMs === null) entry.nextMs = null
    if (delayMs === null) queue.entries.delete(id)
    else putOff(queue, entry, delayMs)
  }
  serve(queue)
}

function remove(queue: KindQueue, which: (entry: Entry) => boolean): void {
  for (const [id, entry] of queue.entries) {
    if (!which(entry)) continue
    if (entry.timer !== null) clearTimeout(entry.timer)
    queue.ready.delete(entry)
    queue.entries.delete(id)
  }
}
