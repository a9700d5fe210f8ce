import { Follower, LiveSamples, type TakenBack } from '../../feed/index.js'
import type { MissingDuckdb, Param, Row, Tables } from '../../query/index.js'
import { createRefusals, createRejectList, noRejectEntries, refusalOfRow } from '../../records/index.js'
import {
  entriesPrefix,
  keyDigits,
  type Manifest,
  manifestName,
  readManifest,
  readRetracted,
  retractedName,
  type ShardEntry,
  type Store,
  shardStem,
} from '../../shard/index.js'
import type { Standing } from './figures.js'
import { Lease } from './lease.js'
import type { VectorIndex } from './vectors/vector-index.js'

/** What is known of a row that may have been taken back. */
export interface Identity {
  readonly url: string
  readonly pageUrl: string | null
  readonly sha256: string | null
  readonly phash: string | null
  readonly uid: string | null
}

/** Contents of a dataset when it was last looked at. */
export interface Contents {
  readonly version: number
  /** Shards alone, by number. */
  readonly shards: readonly ShardEntry[]
  readonly entries: readonly ShardEntry[]
  readonly manifest: Manifest | null
  readonly live: LiveSamples
  isRefused(identity: Identity): boolean
}

interface ExploredDeps {
  readonly store: Store
  readonly openTables: () => Promise<Tables | MissingDuckdb>
  readonly index: VectorIndex
  readonly now: () => number
  /** What could not be looked at, and is tried again. */
  readonly onTrouble: (error: unknown) => void
}

/** Between two looks at what lies there. */
const lookMs = 2_000
/** What was added is taken up no sooner than after so many times as long as it took to open it. */
const restFactor = 10
const mostRestMs = 60_000

interface Opened {
  readonly contents: Contents
  readonly tables: Lease<Tables>
  readonly signature: string
}

/**
 * A dataset that is looked at while it may change: shards are added by a run, pairs are taken back. What was taken back is not shown from the moment at which
 * its record stands, before any file of it is changed.
 */
export class Explored {
  readonly #deps: ExploredDeps
  readonly #follower: Follower
  readonly #taken: TakenBack[] = []
  readonly #signal: AbortSignal
  #opened: Opened
  #look: Promise<void> | null = null
  /** Of the last look: the first one is due at once. */
  #lookedMs = Number.NEGATIVE_INFINITY
  /** When its contents were opened, and how long that took. */
  #openedAtMs: number
  #openMs: number
  #reading: Promise<void> = Promise.resolve()

  private constructor(deps: ExploredDeps, opened: Opened, openMs: number, signal: AbortSignal) {
    this.#deps = deps
    this.#opened = opened
    this.#openMs = openMs
    this.#signal = signal
    this.#openedAtMs = deps.now()
    this.#follower = new Follower(deps.store, opened.contents.manifest?.generation ?? 0)
  }

  /** Throws UnreadableDataset. */
  static async open(deps: ExploredDeps, signal: AbortSignal): Promise<Explored | MissingDuckdb> {
    const beganMs = deps.now()
    const opened = await openContents(deps, 1, [], signal)
    if ('kind' in opened) return opened
    const explored = new Explored(deps, opened, deps.now() - beganMs, signal)
    explored.#readVectors()
    return explored
  }

  get contents(): Contents {
    return this.#opened.contents
  }

  get standing(): Standing {
    return { version: this.contents.version, takings: this.#taken.length }
  }

  get index(): VectorIndex {
    return this.#deps.index
  }

  get store(): Store {
    return this.#deps.store
  }

  /** Embeddings that are being read are waited for. */
  async vectorsRead(): Promise<void> {
    await this.#reading
  }

  /** Takes up what changed, if it was not looked just now. What fails is told, and tried with the next look. */
  async look(): Promise<void> {
    if (this.#look === null && this.#deps.now() - this.#lookedMs < lookMs) return
    this.#look ??= this.#lookNow()
      .catch((error: unknown) => {
        this.#signal.throwIfAborted()
        this.#deps.onTrouble(error)
      })
      .finally(() => {
        this.#lookedMs = this.#deps.now()
        this.#look = null
      })
    await this.#look
  }

  /** Rows of one select. Throws SqlError. */
  async ask(sql: string, params: readonly Param[], signal: AbortSignal): Promise<Row[]> {
    return await this.#opened.tables.use(async (tables) => {
      const all: Row[] = []
      for await (const rows of tables.rows(sql, params, signal)) all.push(...rows)
      return all
    })
  }

  async withTables<R>(work: (tables: Tables) => Promise<R>): Promise<R> {
    return await this.#opened.tables.use(work)
  }

  isLive(key: string): boolean {
    const { shards, live } = this.contents
    const digits = keyDigits(shards[0]?.shardSize ?? 1)
    const shard = Number(key.slice(0, -digits))
    return shardStem(shard) === key.slice(0, -digits) && live.has(shard, Number(key.slice(-digits)))
  }

  async close(): Promise<void> {
    await this.#look?.catch(() => {})
    await this.#opened.tables.replace()
    await this.#deps.index.close()
  }

  async #lookNow(): Promise<void> {
    for (const taken of await this.#follower.look(this.#signal)) {
      this.#taken.push(taken)
      this.contents.live.take(taken.shard, taken.slots)
    }
    const signature = await signatureOf(this.#deps.store, this.#signal)
    if (signature === this.#opened.signature) return
    const beganMs = this.#deps.now()
    const isAddition = this.#taken.length === 0
    if (isAddition && beganMs - this.#openedAtMs < Math.min(restFactor * this.#openMs, mostRestMs)) return
    const next = await openContents(this.#deps, this.contents.version + 1, this.#taken, this.#signal)
    if ('kind' in next) throw new Error(next.message)
    this.#openedAtMs = this.#deps.now()
    this.#openMs = this.#openedAtMs - beganMs
    const before = this.#opened
    this.#opened = next
    this.#readVectors()
    await before.tables.replace()
  }

  /** One reading after the other, beside what is answered. */
  #readVectors(): void {
    const { store, index, onTrouble } = this.#deps
    this.#reading = this.#reading
      .then(() => index.follow(store, this.contents.shards, this.#signal))
      .catch((error: unknown) => {
        if (!this.#signal.aborted) onTrouble(error)
      })
  }
}

async function openContents(
  { store, openTables }: ExploredDeps,
  version: number,
  takenBack: readonly TakenBack[],
  signal: AbortSignal,
): Promise<Opened | MissingDuckdb> {
  // Before anything is read: what changes meanwhile is another signature.
  const signature = await signatureOf(store, signal)
  const tables = await openTables()
  if ('kind' in tables) return tables
  try {
    const manifest = await readManifest(store, signal)
    const tombstones = await readRetracted(store, signal)
    const refusals = createRefusals(createRejectList(noRejectEntries), createRejectList(tombstones))
    const entries = tables.committed[0]?.entries ?? []
    const shards = entries.filter(({ shard }) => shard !== null)
    const slots = shards.map(({ shard, samples, taken }) => [shard ?? 0, samples + taken.length] as const)
    const live = new LiveSamples(new Map(slots))
    for (const { shard, taken } of shards) live.take(shard ?? 0, taken)
    for (const { shard, slots } of takenBack) live.take(shard, slots)
    return {
      contents: {
        ...{ version, entries, shards, manifest, live },
        isRefused: (identity) => refusalOfRow(refusals, identity) !== null,
      },
      tables: new Lease(tables, (old) => old.close()),
      signature,
    }
  } catch (error) {
    await tables.close()
    throw error
  }
}

/** A text that is another one where entries, the manifest or the tombstones are: names, sizes and times alone. */
async function signatureOf(store: Store, signal: AbortSignal): Promise<string> {
  const seen: string[] = []
  for (const prefix of [entriesPrefix, manifestName, retractedName])
    for await (const { name, size, modifiedMs } of store.list(prefix, signal))
      seen.push(`${name} ${size} ${modifiedMs}`)
  return seen.sort().join('\n')
}
