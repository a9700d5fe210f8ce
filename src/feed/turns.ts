/** A dataset of a mixture, as its share of the turns is counted. */
interface SharedTurns {
  /** null = none of the mixture has one. */
  readonly weight: number | null
  /** Of all its shards, dead ones too. */
  readonly slots: number
  /** Slots that are given out. */
  readonly live: number
}

/** What weights are multiples of: exact to a sample in an epoch of a trillion. */
const finest = 2 ** 40

/**
 * Whole numbers by which sources are to have turns. Without weights they are the sources' slots, so that each slot has one turn of an epoch. With weights they
 * are those of the samples that are given out: a source of which much is dead has more turns, as its dead slots take turns too. 0 = nothing of it is live.
 * Pure.
 */
export function turnWeights(sources: readonly SharedTurns[]): number[] {
  if (sources.some(({ weight }) => weight === null)) return sources.map(({ slots }) => slots)
  const wanted = sources.map(({ weight, slots, live }) => (live === 0 ? 0 : ((weight ?? 0) * slots) / live))
  const sum = wanted.reduce((total, one) => total + one, 0)
  return wanted.map((one) => (one === 0 ? 0 : Math.max(1, Math.round((one / sum) * finest))))
}

/**
 * Deals turns to sources, so that each has its share of every run of turns from the first on, exact within one turn: of the sources that are behind their
 * share, the one goes first that would be a whole turn behind the soonest. How far each one has come is all that the rest depends on.
 */
export class SourceTurns {
  readonly #weights: readonly number[]
  readonly #sum: number
  /** How far each is behind its share, times the sum of weights: more than minus, less than plus that sum; together 0. */
  readonly #behind: number[]

  /** `given`: turns that each has had. */
  constructor(weights: readonly number[], given: readonly number[]) {
    this.#weights = weights
    this.#sum = weights.reduce((total, weight) => total + weight, 0)
    this.#behind = behindOf(weights, given)
  }

  /** Source that has the next turn. Throws where none has a weight. */
  next(): number {
    if (this.#weights.length === 1) return 0
    let first = -1
    let soonest = Number.POSITIVE_INFINITY
    for (const [source, weight] of this.#weights.entries()) {
      const behind = (this.#behind[source] ?? 0) + weight
      this.#behind[source] = behind
      if (behind <= 0) continue
      const turnsLeft = Math.ceil((this.#sum - behind) / weight)
      if (turnsLeft >= soonest) continue
      soonest = turnsLeft
      first = source
    }
    if (first < 0) throw new RangeError('no source has a weight')
    this.#behind[first] = (this.#behind[first] ?? 0) - this.#sum
    return first
  }
}

/** All 0 where no such weights can have given these turns: they were others, and count from here on. */
function behindOf(weights: readonly number[], given: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + BigInt(weight), 0n)
  const turns = given.reduce((total, count) => total + BigInt(count), 0n)
  const behind = weights.map((weight, source) => BigInt(weight) * turns - BigInt(given[source] ?? 0) * sum)
  return behind.every((one) => -sum < one && one < sum) ? behind.map(Number) : weights.map(() => 0)
}
