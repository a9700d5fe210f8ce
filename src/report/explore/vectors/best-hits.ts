/** The highest of many scores, with what they are of. Of equal ones the first that came stays. */
export class BestHits {
  readonly #scores: Float64Array
  readonly #items: Uint32Array
  #used = 0

  constructor(most: number) {
    this.#scores = new Float64Array(most)
    this.#items = new Uint32Array(most)
  }

  /** A score must be above this to be among them. */
  get least(): number {
    return this.#used < this.#scores.length
      ? Number.NEGATIVE_INFINITY
      : (this.#scores[this.#used - 1] ?? Number.POSITIVE_INFINITY)
  }

  add(score: number, item: number): void {
    if (!(score > this.least)) return
    let low = 0
    let high = this.#used
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#scores[middle] ?? 0) >= score) low = middle + 1
      else high = middle
    }
    this.#used = Math.min(this.#used + 1, this.#scores.length)
    this.#scores.copyWithin(low + 1, low, this.#used - 1)
    this.#items.copyWithin(low + 1, low, this.#used - 1)
    this.#scores[low] = score
    this.#items[low] = item
  }

  /** Highest first. */
  all(): { readonly score: number; readonly item: number }[] {
    return Array.from({ length: this.#used }, (_, i) => ({
      score: this.#scores[i] ?? 0,
      item: this.#items[i] ?? 0,
    }))
  }
}
