import { NearIndex } from './nearness.js'
import type { Pool } from './pool.js'
import type { Top, UidList } from './request.js'

/** Samples of a pool by their place in it, ascending. */
export type Chosen = Uint32Array

/** How alike samples of several sources are, of which one stays. */
export type Alike = 'near' | 'exact'

export const everySample = (pool: Pool): Chosen => Uint32Array.from({ length: pool.size }, (_, i) => i)

/** Those that a list names. Pure. */
export function named(pool: Pool, chosen: Chosen, { halves }: UidList): Chosen {
  return chosen.filter((i) => {
    const half = (BigInt(pool.ids[2 * i] ?? 0) << 32n) | BigInt(pool.ids[2 * i + 1] ?? 0)
    return holds(halves, half)
  })
}

function holds(sorted: BigUint64Array, wanted: bigint): boolean {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0n) < wanted) low = middle + 1
    else high = middle
  }
  return sorted[low] === wanted
}

/** The better one first; of equal ones, and of those without a score, the one that stands first. */
export const better =
  ({ scores }: Pool) =>
  (a: number, b: number): number => {
    const [x, y] = [scores[a] ?? Number.NaN, scores[b] ?? Number.NaN]
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b
    return y - x || a - b
  }

/** The best of all, or of each language, by a share that is rounded up, or by their number. Pure. */
export function best(pool: Pool, chosen: Chosen, top: Top, per: 'language' | null): Chosen {
  const groupOf = (i: number) => (per === null ? 0 : (pool.languages[i] ?? 0))
  return firstOfEach(chosen, groupOf, better(pool), (size) =>
    'share' in top ? Math.ceil(size * top.share - 1e-9) : top.count,
  )
}

/** The best of each host. Pure. */
export function limitHosts(pool: Pool, chosen: Chosen, most: number): Chosen {
  return firstOfEach(
    chosen,
    (i) => pool.hosts[i] ?? 0,
    better(pool),
    () => most,
  )
}

function firstOfEach(
  chosen: Chosen,
  groupOf: (i: number) => number,
  order: (a: number, b: number) => number,
  most: (size: number) => number,
): Chosen {
  const sorted = chosen.slice().sort((a, b) => groupOf(a) - groupOf(b) || order(a, b))
  const kept: number[] = []
  for (let from = 0; from < sorted.length; ) {
    const group = groupOf(sorted[from] ?? 0)
    let to = from
    while (to < sorted.length && groupOf(sorted[to] ?? 0) === group) to++
    for (const i of sorted.subarray(from, Math.min(to, from + most(to - from)))) kept.push(i)
    from = to
  }
  return Uint32Array.from(kept).sort()
}

/**
 * Of samples of different sources that are the same image, or near it, the better one. Samples of one source are left as they are to each
 * other. Every sample that is dropped is like one that stays. Pure.
 */
export function withoutDoubles(pool: Pool, chosen: Chosen, alike: Alike): Chosen {
  const { ids, sources, phashes, hasPhash } = pool
  const order = better(pool)
  const byId = (a: number, b: number) =>
    (ids[2 * a] ?? 0) - (ids[2 * b] ?? 0) || (ids[2 * a + 1] ?? 0) - (ids[2 * b + 1] ?? 0)
  const sorted = chosen.slice().sort((a, b) => byId(a, b) || order(a, b))
  const single: number[] = []
  let first = -1
  for (const i of sorted) {
    if (first >= 0 && byId(first, i) === 0) {
      if (sources[first] === sources[i]) single.push(i)
      continue
    }
    first = i
    single.push(i)
  }
  if (alike === 'exact') return Uint32Array.from(single).sort()
  const index = new NearIndex(phashes)
  const kept = single.sort(order).filter((i) => {
    if (hasPhash[i] !== 1) return true
    for (const other of index.near(i)) if (sources[other] !== sources[i]) return false
    index.add(i)
    return true
  })
  return Uint32Array.from(kept).sort()
}
