import { createHash, randomUUID } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { makeFolder } from '../../disk/index.js'
import { messageOf } from '../../records/index.js'
import { type FeedState, readState } from '../state.js'

const keptSchema = z.object({
  v: z.literal(1),
  /** Shards of each dataset when the last epochs began: whoever begins such an epoch later has the same. */
  begun: z.array(
    z.object({ epoch: z.int().nonnegative(), shards: z.array(z.int().nonnegative()).readonly() }),
  ),
  /** Parts of `/epoch/next/`; null = nobody has asked for one. */
  job: z
    .object({
      /** Of each part, by rank. */
      states: z.array(z.unknown()),
      /** Parts whose state was told by the client: what is sent does not move it. */
      acknowledged: z.array(z.boolean()),
    })
    .nullable(),
})

type Kept = z.infer<typeof keptSchema>

/** Epochs of an order of which it is known how they began. */
const epochsKept = 4

/**
 * How far the parts of `/epoch/next/` have come, order by order: a small file each, replaced by rename. Nothing in it tells the condition of the order,
 * which may name what is to be forgotten.
 */
export class Positions {
  readonly #dir: string
  readonly #orders = new Map<string, Promise<Kept>>()
  readonly #changed = new Set<string>()
  #writing: Promise<void> = Promise.resolve()

  constructor(dir: string) {
    this.#dir = dir
  }

  /** Makes its folder, and tries to write there; throws where it cannot. */
  async open(): Promise<void> {
    await makeFolder(this.#dir)
    const trial = join(this.#dir, `${randomUUID()}.new`)
    await writeFile(trial, '')
    await rm(trial)
  }

  /** Shards that an epoch began with; null = it has not begun, or too long ago. */
  async begun(order: string, epoch: number): Promise<readonly number[] | null> {
    const { begun } = await this.#of(order)
    return begun.find((one) => one.epoch === epoch)?.shards ?? null
  }

  /** Is written when it resolves. */
  async begin(order: string, epoch: number, shards: readonly number[]): Promise<void> {
    const kept = await this.#of(order)
    const others = kept.begun.filter((one) => one.epoch !== epoch)
    kept.begun = [...others, { epoch, shards }].slice(-epochsKept)
    this.#changed.add(order)
    await this.write()
  }

  /** Where a part of `/epoch/next/` goes on; null = at the beginning of the first epoch. With another number of parts all go on where the last one of them was. */
  async next(order: string, rank: number, world: number): Promise<FeedState | null> {
    const kept = await this.#of(order)
    if (kept.job?.states.length !== world) {
      const least = leastOf(kept.job?.states ?? [])
      kept.job = {
        states: Array.from({ length: world }, () => least),
        acknowledged: Array.from({ length: world }, () => false),
      }
      this.#changed.add(order)
    }
    return stateOf(kept.job.states[rank])
  }

  /** A part was sent up to here. Parts of another number of them, that still go on, change nothing. */
  async sent(order: string, rank: number, world: number, state: FeedState): Promise<void> {
    const { job } = await this.#of(order)
    if (job?.states.length !== world || job.acknowledged[rank] === true) return
    job.states[rank] = state
    this.#changed.add(order)
  }

  /** A client has come so far, with one part or (`rank` null) with all of them. Is written when it resolves. */
  async acknowledge(order: string, rank: number | null, world: number, state: FeedState): Promise<void> {
    await this.next(order, rank ?? 0, world)
    const { job } = await this.#of(order)
    for (let part = rank ?? 0; job !== null && part < (rank === null ? world : rank + 1); part++) {
      job.states[part] = state
      job.acknowledged[part] = true
    }
    this.#changed.add(order)
    await this.write()
  }

  /** What is kept of a part, or (`rank` null) the place up to which all have come; null = the beginning, or there are not so many parts. */
  async state(order: string, rank: number | null, world: number): Promise<FeedState | null> {
    const { job } = await this.#of(order)
    if (job?.states.length !== world) return null
    return rank === null ? leastOf(job.states) : stateOf(job.states[rank])
  }

  /** Writes what has changed since. */
  async write(): Promise<void> {
    const writing = this.#writing.then(async () => {
      for (const order of [...this.#changed]) {
        this.#changed.delete(order)
        const path = this.#path(order)
        const draft = `${path}.${randomUUID()}.new`
        await writeFile(draft, `${JSON.stringify(await this.#of(order))}\n`)
        await rename(draft, path)
      }
    })
    // One that fails is told to who asked for it; the next one tries again.
    this.#writing = writing.catch(() => {})
    await writing
  }

  #of(order: string): Promise<Kept> {
    const known = this.#orders.get(order) ?? this.#read(order)
    this.#orders.set(order, known)
    known.catch(() => this.#orders.delete(order))
    return known
  }

  async #read(order: string): Promise<Kept> {
    const path = this.#path(order)
    let text: string
    try {
      text = await readFile(path, 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
        return { v: 1, begun: [], job: null }
      throw error
    }
    try {
      return keptSchema.parse(JSON.parse(text))
    } catch (error) {
      throw new Error(`${path} cannot be read: ${messageOf(error)}; remove it to begin anew`)
    }
  }

  #path(order: string): string {
    return join(this.#dir, `${createHash('sha256').update(order).digest('hex').slice(0, 16)}.json`)
  }
}

/** What was kept by a version that had other states is as good as nothing. */
function stateOf(value: unknown): FeedState | null {
  const state = value === undefined || value === null ? null : readState(value)
  return state === null || 'problem' in state ? null : state
}

/** The state up to which all parts have come. Pure. */
function leastOf(values: readonly unknown[]): FeedState | null {
  let least: FeedState | null = null
  for (const state of values.map(stateOf)) {
    if (state === null) return null
    if (
      least === null ||
      state.epoch < least.epoch ||
      (state.epoch === least.epoch && state.place < least.place)
    )
      least = state
  }
  return least
}
