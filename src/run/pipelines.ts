import { setImmediate } from 'node:timers/promises'
import type { Backend, Bells, RunEntry, Visited } from '../backend/index.js'
import type { Renderer } from '../crawl/index.js'
import type { Net } from '../net/index.js'
import { messageOf } from '../records/index.js'
import type { Store } from '../shard/index.js'
import type { Gate } from '../timing/index.js'
import { createLine, type Line, type RunOptions, type Scoring } from '../workers/index.js'
import { optionsOf } from './launch.js'
import { type Description, describing } from './manifest-writer.js'
import type { Observe } from './observe/events.js'
import { observedScoring } from './observe/observed.js'

/** One run, as this process works on it. */
export interface OpenLine extends Line {
  readonly options: RunOptions
  readonly store: Store
  readonly description: Description
}

/** The lines of all runs of a fleet, each opened when it is first asked for. */
export interface Lines {
  /** What the backend lists, read anew. */
  refresh(): Promise<readonly RunEntry[]>
  /** `message`: why this process cannot work on the run; null = there is no such run, or no more. */
  of(run: string): Promise<OpenLine | { readonly message: string } | null>
  /** The backend may have forgotten its last moments: what this process believes it to know is thrown away. */
  distrust(): void
  /** Writes the manifests that lag behind their shards. */
  catchUp(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

export interface LinesDeps {
  readonly backend: Backend
  readonly bells: Bells
  readonly decoding: Gate
  readonly openNet: (options: RunOptions) => Net
  /** Asked by each pipeline that is opened; the caller closes what it opened. */
  readonly openStore: (url: string) => Promise<Store | { readonly message: string }>
  readonly openScoring: (options: RunOptions) => Promise<Scoring | { readonly message: string }>
  /** Binds the store to the run. Answers why it cannot be used; null = it is the run's. */
  readonly claim: (store: Store, entry: RunEntry, signal: AbortSignal) => Promise<string | null>
  /** The browsers of this process; null = it has none. */
  readonly renderer: () => Promise<Renderer | null>
  readonly observe: Observe
  readonly settleMs: number
  /** The process stops at once. */
  readonly abort: AbortSignal
  readonly now: () => number
  readonly random: () => number
}

interface Opened {
  readonly key: string
  readonly line: OpenLine
  /** Another line takes its place: its connections are closed when its last visit has ended. */
  retire(): Promise<void>
}

export function createLines(deps: LinesDeps): Lines {
  const { backend, observe } = deps
  let entries = new Map<string, RunEntry>()
  const lines = new Map<string, Promise<Opened | { readonly message: string }>>()
  const nets = new Set<Net>()

  const refresh = async () => {
    const listed = await backend.runs()
    entries = new Map(listed.map((entry) => [entry.run, entry]))
    for (const run of lines.keys()) if (!entries.has(run)) drop(run)
    return listed
  }
  /** The run that has the name now: it may have been forgotten, and another one made under its name. */
  const entryOf = async (run: string): Promise<RunEntry | null> => {
    const createdMs = await backend.createdMs(run)
    if (createdMs === null) return null
    if (entries.get(run)?.createdMs !== createdMs) await refresh()
    return entries.get(run) ?? null
  }
  const modelOf = async (run: string) => {
    const known = entries.get(run)?.model ?? null
    if (known !== null) return known
    await refresh()
    return entries.get(run)?.model ?? null
  }
  const scoringOf = async (
    run: string,
    options: RunOptions,
  ): Promise<Scoring | { readonly message: string }> => {
    const scoring = await deps.openScoring(options)
    if ('message' in scoring) return scoring
    const adopted = await backend.adoptModel(run, scoring.model)
    if (adopted.id !== scoring.model.id) {
      return {
        message: `the run is scored with ${adopted.id}, and --model ${options.model} is ${scoring.model.id} here`,
      }
    }
    return observedScoring(scoring, run, observe, deps.now)
  }

  const openLine = async (entry: RunEntry): Promise<Opened | { readonly message: string }> => {
    const { run } = entry
    const options = optionsOf(entry.options)
    const store = await deps.openStore(options.out)
    if ('message' in store) return store
    const taken = await deps.claim(store, entry, deps.abort)
    if (taken !== null) return { message: taken }
    const net = deps.openNet(options)
    nets.add(net)
    let visits = 0
    let retired = false
    const closeWhenIdle = async () => {
      if (retired && visits === 0 && nets.delete(net)) await net.close()
    }
    const visiting =
      <A extends unknown[]>(visit: (...args: A) => Promise<Visited>) =>
      async (...args: A): Promise<Visited> => {
        visits++
        try {
          return await visit(...args)
        } finally {
          visits--
          await closeWhenIdle()
        }
      }
    let scoring: Promise<Scoring | { readonly message: string }> | null = null
    const description = describing({ run, options, store, model: () => modelOf(run), now: deps.now })
    const line = createLine({
      run,
      options,
      backend,
      bells: deps.bells,
      store,
      fetch: net.fetch,
      placeOf: net.placeOf,
      dial: net.dial,
      renderer: options.render === 'never' ? null : await deps.renderer(),
      decoding: deps.decoding,
      scoring: async () => {
        scoring ??= scoringOf(run, options)
        const opened = await scoring.catch((error: unknown) => ({ message: messageOf(error) }))
        if ('message' in opened) scoring = null
        return opened
      },
      model: () => modelOf(run),
      onProblem: (message) => observe({ kind: 'problem', run, message }),
      settleMs: deps.settleMs,
      onPlan: description.refresh,
      now: deps.now,
      random: deps.random,
    })
    return {
      key: keyOf(entry),
      line: {
        ...line,
        visitSession: visiting(line.visitSession),
        visitBatch: visiting(line.visitBatch),
        visitPlan: visiting(line.visitPlan),
        options,
        store,
        description,
      },
      retire: async () => {
        retired = true
        await closeWhenIdle()
      },
    }
  }
  const retire = async (earlier: Promise<Opened | { readonly message: string }>): Promise<void> => {
    const opened = await earlier
    // Who is given the line at this moment begins its visit first.
    await setImmediate()
    if ('message' in opened) return
    await opened.retire().catch((error: unknown) => {
      observe({ kind: 'trouble', run: null, key: null, message: messageOf(error) })
    })
  }
  const drop = (run: string): void => {
    const earlier = lines.get(run)
    lines.delete(run)
    if (earlier !== undefined) void retire(earlier)
  }
  const of = async (run: string): Promise<OpenLine | { readonly message: string } | null> => {
    const entry = await entryOf(run)
    if (entry === null) {
      drop(run)
      return null
    }
    const earlier = lines.get(run)
    // Nothing is awaited where there is none: who asks at the same moment finds the one that is being opened.
    const known = earlier === undefined ? undefined : await earlier
    // Options that may change while a run goes on, its delay for one, take a line of their own.
    if (known !== undefined && !('message' in known) && known.key === keyOf(entry)) return known.line
    // Another one opens it anew already.
    if (lines.get(run) !== earlier) return await of(run)
    const opening = openLine(entry).catch((error: unknown) => ({ message: messageOf(error) }))
    lines.set(run, opening)
    if (earlier !== undefined) void retire(earlier)
    const opened = await opening
    if (!('message' in opened)) return opened.line
    if (lines.get(run) === opening) lines.delete(run)
    return opened
  }

  return {
    refresh,
    of,
    // A line remembers which URLs it offered; one that the backend lost must be offered again.
    distrust: () => {
      for (const earlier of lines.values()) void retire(earlier)
      lines.clear()
    },
    catchUp: async (signal) => {
      for (const opening of lines.values()) {
        const opened = await opening
        if (!('message' in opened)) await opened.line.description.catchUp(signal)
      }
    },
    close: async () => {
      for (const net of nets) await net.close()
    },
  }
}

function keyOf(entry: RunEntry): string {
  const { seeds: _, ...options } = entry.options
  return JSON.stringify([entry.createdMs, options])
}
