import { DatasetUnusable } from './catalog.js'
import { defaultWindowShards, type FedShard, slotsOf } from './epoch.js'
import { epochOrder, type OrderedSource, type SourceWindow, samplesOf, type Turn, turnsOf } from './order.js'
import type { FeedSample } from './sample.js'
import { isShareOf, type Reader } from './share.js'
import { type FeedSource, type SourceOptions, SourceReader } from './source-reader.js'
import { type FeedState, stateProblem } from './state.js'
import { SourceTurns, turnWeights } from './turns.js'

export interface ReaderOptions extends SourceOptions {
  readonly seed: string
  readonly epoch: number
  /** Shards that are shuffled together; null = as `defaultWindowShards` has it for each dataset. */
  readonly windowShards: number | null
  readonly reader: Reader
  /** Where an earlier job came to; null = the beginning of the epoch. Its seed, epoch and windows are used then. */
  readonly state: FeedState | null
  /** Samples that each rank had taken at `state`, since its workers began to take turns; absent = they begin there. */
  readonly step?: number
  /** Samples that are read ahead at the same time, 1 or more. */
  readonly readsAtOnce: number
}

/** A sample that is this reader's, and the place up to which its job has come once it was given out. */
interface OwnTurn extends Turn {
  readonly after: number
  /** Samples that each rank has taken then, as the option `step` counts them. */
  readonly step: number
}

/** A source under way: what is ordered of it, and how far it has come. */
interface Lane {
  readonly source: OrderedSource
  readonly reader: SourceReader
  /** Turns of it that are over. */
  place: number
  /** Windows of which samples were asked for, and that are not over, in order. */
  readonly windows: SourceWindow[]
  /** Of these, how many were prepared. */
  prepared: number
}

/** Reads one epoch of a dataset, or of a mixture of several, or this reader's share of it, in the order that all of them share. */
export class DatasetReader {
  readonly #options: ReaderOptions
  readonly #epoch: Pick<FeedState, 'v' | 'seed' | 'epoch'>
  readonly #lanes: readonly Lane[]
  /** Deals the turns again, as they are over. */
  readonly #turns: SourceTurns
  /** Turns of the epoch. */
  readonly #end: number
  /** Turns that are over: up to there all is given out. */
  #place: number
  #step: number

  /** Throws DatasetUnusable where the state is that of other datasets. */
  constructor(sources: readonly FeedSource[], options: ReaderOptions, now: () => number) {
    const { state } = options
    const problem =
      state === null
        ? null
        : stateProblem(
            state,
            sources.map(({ place, catalog }) => ({ url: place.url, shards: catalog.shards.length })),
          )
    if (problem !== null) throw new DatasetUnusable(problem)
    this.#options = options
    this.#epoch = { v: 2, seed: state?.seed ?? options.seed, epoch: state?.epoch ?? options.epoch }
    const lane = { ...options, bufferBytes: options.bufferBytes / sources.length }
    this.#lanes = orderedSources(sources, options).map((source, i) => ({
      source,
      reader: new SourceReader(i, sources[i] as FeedSource, lane, now),
      place: source.place,
      windows: [],
      prepared: 0,
    }))
    const ordered = this.#lanes.map(({ source }) => source)
    this.#turns = new SourceTurns(
      ordered.map(({ turns }) => turns),
      ordered.map(({ place }) => place),
    )
    this.#end = turnsOf(ordered)
    this.#place = state?.place ?? 0
    this.#step = options.step ?? 0
  }

  /** Samples that each rank has taken, counted on from the option `step`. */
  get step(): number {
    return this.#step
  }

  /** Samples of the whole epoch, over all readers, as far as is known when it is opened; of a mixture with weights nearly so many. */
  get samplesOfEpoch(): number {
    return samplesOf(this.#lanes.map(({ source }) => source))
  }

  /** How far its job has come, given that all ranks have taken as many samples. */
  state(): FeedState {
    const isOver = this.#place >= this.#end
    return {
      ...this.#epoch,
      ...(isOver ? { epoch: this.#epoch.epoch + 1, place: 0 } : { place: this.#place }),
      sources: this.#lanes.map(({ source, place }) => ({
        shards: source.shards.length,
        windowShards: source.windowShards,
        place: isOver ? 0 : place,
      })),
    }
  }

  /** Samples until the end of the epoch. Who breaks off, and asks again, goes on behind the last one. */
  async *samples(signal: AbortSignal): AsyncGenerator<FeedSample> {
    const { readsAtOnce, reader } = this.#options
    for (const lane of this.#lanes) {
      lane.windows.length = 0
      lane.prepared = 0
    }
    const from = this.#lanes.map(({ source, place }) => ({ ...source, place }))
    const picks = picksOf(epochOrder(from, this.#epoch), { reader, step: this.#step, end: this.#end })
    const ahead: { readonly pick: OwnTurn; readonly sample: Promise<FeedSample | null> | null }[] = []
    // The first sample is there by one read; then it reads further and further ahead.
    let depth = 1
    const over = new AbortController()
    const bounded = AbortSignal.any([signal, over.signal])
    try {
      for (;;) {
        while (ahead.length < depth) {
          const { value: pick, done } = picks.next()
          if (done === true) break
          ahead.push({ pick, sample: this.#read(pick, depth > 1, bounded) })
        }
        const first = ahead[0]
        if (first === undefined) break
        const { pick } = first
        const { reader: source } = this.#lanes[pick.source] as Lane
        const sample = await (first.sample ?? source.held(pick) ?? source.read(pick, bounded))
        signal.throwIfAborted()
        for (const lane of this.#lanes) {
          const look = lane.reader.follow(bounded)
          if (look !== null) await look
        }
        ahead.shift()
        depth = Math.min(2 * depth, readsAtOnce)
        await this.#advance(pick.after)
        this.#step = pick.step
        if (sample !== null && source.stands(pick)) yield sample
      }
      await this.#advance(this.#end)
    } finally {
      over.abort()
      await Promise.allSettled(ahead.map(({ sample }) => sample))
    }
  }

  /** `isPrepared`: its window is prepared before; the first sample need not wait for that. null = it is held, and cut when its turn comes. */
  #read(pick: OwnTurn, isPrepared: boolean, signal: AbortSignal): Promise<FeedSample | null> | null {
    const lane = this.#lanes[pick.source] as Lane
    if (lane.windows.at(-1)?.from !== pick.window.from) lane.windows.push(pick.window)
    if (isPrepared) this.#prepare(lane, signal)
    if (lane.reader.isHeld(pick.shard)) return null
    const sample = lane.reader.read(pick, signal)
    // A failure is met where the sample is awaited; until then it must not count as unhandled.
    sample.catch(() => {})
    return sample
  }

  #prepare(lane: Lane, signal: AbortSignal): void {
    for (; lane.prepared < lane.windows.length; lane.prepared++) {
      const window = lane.windows[lane.prepared] as SourceWindow
      const share = shareOf(lane.source, window.shards, this.#options.reader)
      const left = (window.to - Math.max(window.from, lane.place)) / (window.to - window.from)
      const nextShare = shareOf(lane.source, window.nextShards, this.#options.reader)
      lane.reader.begin(window, share * left, nextShare, signal)
    }
  }

  /** Turns up to a place are over, and so are the windows that end before it: their files are given up. */
  async #advance(to: number): Promise<void> {
    for (; this.#place < to; this.#place++) (this.#lanes[this.#turns.next()] as Lane).place++
    for (const lane of this.#lanes) {
      const { reader, place, windows } = lane
      for (let window = windows[0]; window !== undefined && window.to <= place; window = windows[0]) {
        windows.shift()
        lane.prepared = Math.max(0, lane.prepared - 1)
        for (const { shard } of window.shards) await reader.forget(shard)
      }
    }
  }
}

/** Share of the slots of shards that a reader is given. */
function shareOf({ live }: OrderedSource, shards: readonly FedShard[], { world, workers }: Reader): number {
  const count = shards.reduce((sum, { shard }) => sum + live.count(shard), 0)
  return count / (world * workers * Math.max(1, slotsOf(shards)))
}

/** Sources as the epoch has them: one that has begun keeps its shards and windows, one that has not takes up all that there are. Pure. */
export function orderedSources(
  sources: readonly Omit<FeedSource, 'place'>[],
  { state, windowShards }: Pick<ReaderOptions, 'state' | 'windowShards'>,
): OrderedSource[] {
  const shards = sources.map(({ catalog }, i) =>
    state !== null && state.place > 0 ? catalog.shards.slice(0, state.sources[i]?.shards) : catalog.shards,
  )
  const weights = turnWeights(
    sources.map(({ weight, live }, i) => ({
      ...{ weight, slots: slotsOf(shards[i] ?? []) },
      live: (shards[i] ?? []).reduce((sum, { shard }) => sum + live.count(shard), 0),
    })),
  )
  return sources.map(({ live }, i) => ({
    ...{ shards: shards[i] ?? [], live, turns: weights[i] ?? 0 },
    windowShards: state?.sources[i]?.windowShards ?? windowShards ?? defaultWindowShards(shards[i] ?? []),
    place: state?.sources[i]?.place ?? 0,
  }))
}

/** The samples of an order that are one reader's. */
function* picksOf(
  order: Iterable<Turn>,
  { reader, step, end }: { readonly reader: Reader; readonly step: number; readonly end: number },
): Generator<OwnTurn> {
  let turn = step * reader.world
  let own: Turn | null = null
  for (const next of order) {
    if (isShareOf(reader, turn)) own = next
    // The last rank's turn ends a step of all of them.
    if (turn % reader.world === reader.world - 1 && own !== null) {
      yield { ...own, after: next.place + 1, step: Math.floor(turn / reader.world) + 1 }
      own = null
    }
    turn++
  }
  if (own !== null) yield { ...own, after: end, step: Math.ceil(turn / reader.world) }
}
