import { createHash } from 'node:crypto'

/** Seeds that stand in a run's options whole. Of more only the first ones do: options are read often, and seeds are offered once. */
const mostStored = 100

/** Seeds of a run as its options hold them. */
export interface StoredSeeds {
  readonly seeds: readonly string[]
  /** Seeds that were given, where not all of them are in `seeds`; those of a later command may be counted twice. */
  readonly seedCount?: number
  /** SHA-256 of them all in their order as text, one a line; where more were added, of that and theirs. */
  readonly seedDigest?: string
}

/** Pure. */
export function storedSeeds(seeds: readonly string[]): StoredSeeds {
  if (seeds.length <= mostStored) return { seeds }
  return { seeds: seeds.slice(0, mostStored), seedCount: seeds.length, seedDigest: digestOf(seeds) }
}

/** Seeds of a run with those that are added to it. Pure. */
export function addedSeeds(stored: StoredSeeds, given: readonly string[]): StoredSeeds {
  const { seeds, seedCount } = stored
  const known = new Set(seeds)
  const fresh = given.filter((seed) => !known.has(seed))
  if (seedCount === undefined) return storedSeeds([...seeds, ...fresh])
  if (fresh.length === 0 || digestOf(given) === stored.seedDigest) return stored
  const joined = createHash('sha256')
    .update(`${stored.seedDigest}\n${digestOf(fresh)}`)
    .digest('hex')
  return { seeds, seedCount: seedCount + fresh.length, seedDigest: joined }
}

/** Whether all that the run has are given, in any order and with others; where there are many, the others must stand behind them. Pure. */
export function holdsSeeds({ seeds, seedCount, seedDigest }: StoredSeeds, given: readonly string[]): boolean {
  if (seedCount !== undefined) return digestOf(given.slice(0, seedCount)) === seedDigest
  const all = new Set(given)
  return seeds.every((seed) => all.has(seed))
}

function digestOf(seeds: readonly string[]): string {
  const hash = createHash('sha256')
  for (const seed of seeds.toSorted()) hash.update(`${seed}\n`)
  return hash.digest('hex')
}
