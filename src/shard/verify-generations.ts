import { isDeepStrictEqual } from 'node:util'
import type { ShardEntry } from './entry.js'
import { acceptable, type Generation, type Held, openChange } from './generation.js'
import { generationName, manifestName } from './layout.js'
import type { Manifest } from './manifest.js'
import type { Store } from './store.js'
import type { GlobalReport } from './verify-described.js'

/** A change that rewrites files and was not ended. No problem, as long as each file is as it was or as it will be. */
export interface ChangeUnderWay {
  readonly generation: number
  readonly command: string
  readonly reason: string | null
  /** Files that it changes, and how many of them are as they will be. */
  readonly files: number
  readonly done: number
}

/**
 * Generations are numbered from 1 without a gap, the manifest names one that is there, has the shards that they add up to, and no shard is
 * announced that is not committed.
 */
export function verifyGenerations(
  manifest: Manifest | null,
  generations: readonly Generation[],
  entries: readonly Pick<ShardEntry, 'shard'>[],
  report: GlobalReport,
): void {
  generations.forEach(({ generation }, i) => {
    const before = generations[i - 1]?.generation ?? 0
    if (generation !== before + 1)
      report(`generation ${before + 1} is missing below generation ${generation}`, {
        file: generationName(generation),
      })
  })
  const closed = manifest?.generation ?? 0
  const last = generations.at(-1)?.generation ?? 0
  if (closed > last) {
    report(`names generation ${closed}, and ${last === 0 ? 'there is none' : `the last one is ${last}`}`, {
      file: manifestName,
    })
  }
  const committed = new Set(entries.map(({ shard }) => shard))
  for (const { generation, added } of generations) {
    const file = generationName(generation)
    if (isTooLong(added, committed.size)) report('adds more shards than are committed', { file })
    else
      for (const shard of numbersOf(added)) {
        if (!committed.has(shard)) report(`adds shard ${shard}, which is not committed`, { file })
      }
    if (manifest?.complete === true && generation > closed && added !== null)
      report('is not in the manifest, which is complete', { file })
  }
  // Before the first one a dataset is an earlier version's.
  if (manifest === null || closed === 0 || closed > last) return
  if (generations.some(({ added }) => isTooLong(added, committed.size))) return
  const sum = sumOf(generations.filter(({ generation }) => generation <= closed))
  const named = manifest.shards.flatMap(({ shard, taken }) =>
    shard === null ? [] : [[shard, taken] as const],
  )
  if (sum === null) report('the generations add a shard twice, or take back what is not there')
  else if (!isDeepStrictEqual(sum, new Map(named)))
    report(`has other shards than the generations up to ${closed} add up to`, { file: manifestName })
}

/** The file may be anybody's: no list is made as long as it says. */
function isTooLong(added: Generation['added'], committed: number): boolean {
  return added !== null && added.to - added.from >= committed
}

function numbersOf(added: Generation['added']): number[] {
  return added === null ? [] : Array.from({ length: added.to - added.from + 1 }, (_, i) => added.from + i)
}

/** Slots taken back, by shard; null = what the generations say does not go together. Pure. */
function sumOf(generations: readonly Generation[]): Map<number, number[]> | null {
  const sum = new Map<number, number[]>()
  for (const { added, rewritten } of generations) {
    for (const shard of numbersOf(added)) {
      if (sum.has(shard)) return null
      sum.set(shard, [])
    }
    for (const { shard, taken } of rewritten) {
      const before = sum.get(shard)
      if (before === undefined || taken.some((slot) => before.includes(slot))) return null
      sum.set(
        shard,
        [...before, ...taken].sort((a, b) => a - b),
      )
    }
  }
  return sum
}

/** Files that a change under way names; they are held against what they were and what they will be, and nothing else. */
export interface Flux {
  readonly change: Generation | null
  /** Whether it names the file. */
  has(name: string): boolean
}

export function fluxOf(manifest: Manifest | null, generations: readonly Generation[]): Flux {
  const change = openChange(manifest?.generation ?? 0, generations)
  const held = acceptable(change ?? { files: [] })
  return { change, has: (name) => held.has(name) }
}

/** Reads every file that the change names: it holds what it did, or what it shall. null = no change is under way. */
export async function verifyFlux(
  store: Store,
  { change }: Flux,
  report: GlobalReport,
  signal: AbortSignal,
): Promise<ChangeUnderWay | null> {
  if (change === null) return null
  const { generation, command, reason } = change
  let done = 0
  for (const [name, { before, after }] of acceptable(change)) {
    const found = await store.sums(name, ['sha256'], signal)
    if (isHeld(found, after)) done++
    else if (!isHeld(found, before))
      report(`is neither as it was before generation ${generation} nor as it makes it`, { file: name })
  }
  return { generation, command, reason, files: change.files.length, done }
}

const isHeld = (found: Held | null, told: Held | null): boolean =>
  found === null || told === null ? found === told : found.size === told.size && found.sha256 === told.sha256
