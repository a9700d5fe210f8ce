/** A value, and how often it stands there. */
export type Counted = readonly [value: number, count: number]

/** Spread of a figure over rows. Percentiles are values that stand there: `p25` is the least that a quarter of the rows does not exceed. */
export interface Distribution {
  readonly count: number
  readonly min: number
  readonly p5: number
  readonly p25: number
  readonly p50: number
  readonly p75: number
  readonly p95: number
  readonly max: number
  /** Width of a bin. */
  readonly step: number
  /** Rows below the first bin. */
  readonly below: number
  /** Adjoining, each with the rows from `from` up to the next. */
  readonly bins: readonly { readonly from: number; readonly count: number }[]
  /** Rows from the end of the last bin on. */
  readonly above: number
}

/** Of bins between the first percentile and the last but one. */
const mostBins = 10

/** null = there is nothing. `counted`: ascending, each value once. `leastStep`: no bin is narrower. Pure. */
export function distributionOf(counted: readonly Counted[], leastStep: number): Distribution | null {
  const count = counted.reduce((sum, [, n]) => sum + n, 0)
  const [first, last] = [counted[0], counted.at(-1)]
  if (first === undefined || last === undefined || count === 0) return null
  const at = (share: number) => percentile(counted, count, share)
  const step = Math.max(leastStep, niceStep((at(0.99) - at(0.01)) / mostBins))
  const binOf = (value: number) => Math.floor(Math.round((value / step) * 1e6) / 1e6)
  const [lowest, highest] = [binOf(at(0.01)), binOf(at(0.99))]
  const counts = new Array<number>(highest - lowest + 1).fill(0)
  let below = 0
  let above = 0
  for (const [value, n] of counted) {
    const bin = binOf(value)
    if (bin < lowest) below += n
    else if (bin > highest) above += n
    else counts[bin - lowest] = (counts[bin - lowest] ?? 0) + n
  }
  return {
    ...{ count, min: first[0], p5: at(0.05), p25: at(0.25), p50: at(0.5), p75: at(0.75), p95: at(0.95) },
    ...{ max: last[0], step, below, above },
    bins: counts.map((n, i) => ({ from: exact((lowest + i) * step), count: n })),
  }
}

/** The least value that `share` of all does not exceed. `counted`: ascending, `count` in all, at least one. */
function percentile(counted: readonly Counted[], count: number, share: number): number {
  const wanted = Math.max(1, Math.ceil(exact(share * count)))
  let sum = 0
  for (const [value, n] of counted) {
    sum += n
    if (sum >= wanted) return value
  }
  throw new RangeError('there are fewer than are counted')
}

/** Share of the rows from `threshold` on. Pure. */
export function shareFrom(counted: readonly Counted[], threshold: number): number {
  let [kept, count] = [0, 0]
  for (const [value, n] of counted) {
    count += n
    if (value >= threshold) kept += n
  }
  return count === 0 ? 0 : kept / count
}

/** Round thresholds, six at most, from what nearly all exceed to what few do. Pure. */
export function thresholdsFor({ p5, p95 }: Pick<Distribution, 'p5' | 'p95'>): readonly number[] {
  const step = Math.max(0.01, niceStep((p95 - p5) / 5))
  const first = Math.ceil(exact(p5 / step))
  const thresholds = Array.from({ length: 6 }, (_, i) => exact((first + i) * step))
  return thresholds.filter((threshold) => threshold <= p95)
}

/** The least of 1, 2, 5, 10, ... and their parts of ten that is not below `width`; of no width 0. Pure. */
export function niceStep(width: number): number {
  if (width <= 0) return 0
  const power = 10 ** Math.floor(Math.log10(width))
  const digit = [1, 2, 5, 10].find((one) => exact(one * power) >= exact(width)) ?? 10
  return exact(digit * power)
}

/** Without what floating point adds in the last digits. */
const exact = (value: number): number => Number(value.toPrecision(12))
