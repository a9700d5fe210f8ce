import type { Fetch } from '../net/index.js'

/** Reason why a worker does nothing for a moment. `opt_outs`: a file beside robots.txt in which a site says what its content may be used for. */
export type WaitReason =
  | 'robots'
  | 'opt_outs'
  | 'page_delay'
  | 'page'
  | 'browser_start'
  | 'browser'
  | 'image_delay'
  | 'image'
  | 'score'

export interface Wait {
  readonly for: WaitReason
  /** null = it is about no host. */
  readonly host: string | null
  /** How long it lasts by now. */
  readonly agoMs: number
  /** How long it may last; null = nobody knows. */
  readonly lengthMs: number | null
}

/** Work of a process beside what its backend knows. Plain JSON. */
export interface Activity {
  /** Done and not committed yet, by the names of counters, and `judged`: candidates that have their verdict. */
  readonly done: Readonly<Record<string, number>>
  readonly waits: readonly Wait[]
}

type Counts = Record<string, number>

/** Work under way in one process: what was done since the last commits, and what is waited for, so that people see it move. Nothing depends on it. */
export class UnderWay {
  readonly #now: () => number
  readonly #done: Counts = {}
  /** Handed to commits, by the number of the reading before: what is read after the commit has it. */
  readonly #committing = new Map<number, Counts>()
  readonly #waits = new Set<Omit<Wait, 'agoMs'> & { readonly sinceMs: number }>()
  #readings = 0
  /** The last reading that has ended. */
  #read = -1

  constructor(now: () => number) {
    this.#now = now
  }

  /** The count of one lease's work. */
  tally(): Tally {
    return new Tally((counts) => addTo(this.#done, counts), this.#commit)
  }

  /** Tells of the wait while the work lasts. */
  async during<T>(wait: Omit<Wait, 'agoMs'>, work: () => Promise<T>): Promise<T> {
    const waiting = { ...wait, sinceMs: this.#now() }
    this.#waits.add(waiting)
    try {
      return await work()
    } finally {
      this.#waits.delete(waiting)
    }
  }

  /** The fetch, with its waits told. */
  fetch(reasonOf: (url: URL) => WaitReason, fetch: Fetch): Fetch {
    return (request, signal) => {
      const url = new URL(request.url)
      const wait = { for: reasonOf(url), host: url.host, lengthMs: null }
      return this.during(wait, () => fetch(request, signal))
    }
  }

  /** Reads the backend's counters, which hold what was handed to commits before. */
  async reading<T>(read: () => Promise<T>): Promise<T> {
    const reading = this.#readings++
    const counters = await read()
    this.#read = reading
    return counters
  }

  /** Leaves to the counters that were read what they hold; called where they are shown. */
  settle(): void {
    for (const [before, counts] of this.#committing) {
      if (before > this.#read) continue
      addTo(this.#done, counts, -1)
      this.#committing.delete(before)
    }
  }

  look(): Activity {
    const now = this.#now()
    return {
      done: { ...this.#done },
      waits: [...this.#waits].map(({ sinceMs, ...wait }) => ({ ...wait, agoMs: now - sinceMs })),
    }
  }

  readonly #commit = (counts: Counts): void => {
    const committing = this.#committing.get(this.#readings) ?? {}
    addTo(committing, counts)
    this.#committing.set(this.#readings, committing)
  }
}

/** Counts of what is done under one lease and not committed yet. */
export class Tally {
  readonly #add: (counts: Counts) => void
  readonly #commit: (counts: Counts) => void
  readonly #left: Counts = {}

  constructor(add: (counts: Counts) => void, commit: (counts: Counts) => void) {
    this.#add = add
    this.#commit = commit
  }

  count(name: string, times = 1): void {
    addTo(this.#left, { [name]: times })
    this.#add({ [name]: times })
  }

  /** Called where a commit of so much begins; absent = of all that is left, or there will be none. */
  commit(counts: Counts = { ...this.#left }): void {
    addTo(this.#left, counts, -1)
    this.#commit(counts)
  }
}

function addTo(sum: Counts, counts: Counts, times = 1): void {
  for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count * times
}
