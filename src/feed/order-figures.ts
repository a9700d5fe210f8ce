/** A figure of an order, beside what a full shuffle of the same samples has on average. */
interface OrderFigure {
  readonly order: number
  readonly shuffled: number
  /** `order / shuffled`; null = the shuffle's is 0. */
  readonly ratio: number | null
}

/** How well an order mixes hosts. */
export interface OrderFigures {
  readonly samples: number
  readonly hosts: number
  /** Share of the samples whose next one is of the same host; 0 to 1. */
  readonly adjacent: OrderFigure
  /** Mean entropy of the hosts of a batch, in bits; 0 = each batch is of one host. */
  readonly entropyBits: OrderFigure
}

/**
 * Figures of an order of samples, of which `hosts` are those of their pages, in order; null = it is not known, which counts as one host. `batchSize`: samples
 * of a batch, over all ranks; a last batch that is not full counts only where it is the only one. Pure.
 *
 * For a dataset: `epochOrder` gives the turns of an epoch, and the column `page_host` of its parquet files the host of each slot.
 */
export function orderFigures(hosts: Iterable<string | null>, batchSize: number): OrderFigures {
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new RangeError(`a batch has 1 sample or more, got ${batchSize}`)
  const counts = new Map<string | null, number>()
  let batch = new Map<string | null, number>()
  let [samples, pairs, bits, batches] = [0, 0, 0, 0]
  let last: string | null | undefined
  for (const host of hosts) {
    if (host === last) pairs++
    last = host
    counts.set(host, (counts.get(host) ?? 0) + 1)
    batch.set(host, (batch.get(host) ?? 0) + 1)
    samples++
    if (samples % batchSize !== 0) continue
    bits += entropyBits(batch.values(), batchSize)
    batches++
    batch = new Map()
  }
  const size = Math.min(batchSize, samples)
  const meanBits = batches > 0 ? bits / batches : entropyBits(batch.values(), size)
  const sizes = [...counts.values()]
  return {
    samples,
    hosts: counts.size,
    adjacent: figure(samples < 2 ? 0 : pairs / (samples - 1), shuffledAdjacent(sizes, samples)),
    entropyBits: figure(meanBits, shuffledEntropyBits(sizes, samples, size)),
  }
}

function figure(order: number, shuffled: number): OrderFigure {
  return { order, shuffled, ratio: shuffled === 0 ? null : order / shuffled }
}

/** Of `total` things of which there are so many of each kind. */
function entropyBits(counts: Iterable<number>, total: number): number {
  let sum = 0
  for (const count of counts) sum += count * Math.log2(count)
  return total === 0 ? 0 : Math.log2(total) - sum / total
}

/** Expected share of neighbours of one kind in a shuffle. */
function shuffledAdjacent(counts: readonly number[], total: number): number {
  if (total < 2) return 0
  return counts.reduce((sum, count) => sum + count * (count - 1), 0) / (total * (total - 1))
}

/** Expected entropy of `size` things drawn from `total` without putting back: how many are of one kind is hypergeometric. */
function shuffledEntropyBits(counts: readonly number[], total: number, size: number): number {
  if (size === 0) return 0
  const kinds = new Map<number, number>()
  for (const count of counts) kinds.set(count, (kinds.get(count) ?? 0) + 1)
  let sum = 0
  for (const [count, times] of kinds) sum += times * expectedNLogN(count, total, size)
  return Math.log2(size) - sum / size
}

/** Mean of `k * log2(k)`, where k of `size` things drawn from `total` are of a kind of which there are `count`. */
function expectedNLogN(count: number, total: number, size: number): number {
  const least = Math.max(0, size - (total - count))
  const most = Math.min(count, size)
  const weights: number[] = []
  // Relative to the likeliest number, so that nothing is too small to be told from 0.
  const mode = Math.min(most, Math.max(least, Math.floor(((size + 1) * (count + 1)) / (total + 2))))
  const ratio = (k: number) => ((count - k) * (size - k)) / ((k + 1) * (total - count - size + k + 1))
  weights[mode] = 1
  for (let k = mode; k < most; k++) weights[k + 1] = (weights[k] ?? 0) * ratio(k)
  for (let k = mode - 1; k >= least; k--) weights[k] = (weights[k + 1] ?? 0) / ratio(k)
  let [all, sum] = [0, 0]
  for (let k = least; k <= most; k++) {
    const weight = weights[k] ?? 0
    all += weight
    if (k > 0) sum += weight * k * Math.log2(k)
  }
  return sum / all
}
