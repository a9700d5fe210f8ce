import { formatCount, labelled } from './figures.js'

/** Width of a `score:` bin, as the counters have it. */
const binWidth = 0.02

export interface HistogramStyle {
  /** Characters of the longest bar. */
  readonly barColumns: number
  readonly unicode: boolean
}

/**
 * The `score:` counters as bars, one line a bin from the lowest to the highest, gaps included. Solid bars lie
 * at or above the threshold; the bin that holds the threshold is marked. No score, no lines.
 */
export function scoreHistogram(
  counters: Readonly<Record<string, number>>,
  threshold: number | null,
  style: HistogramStyle,
): readonly string[] {
  // Whole bin numbers: sums of 0.02 would drift.
  const bins = new Map<number, number>()
  for (const [edge, count] of labelled(counters, 'score')) {
    const bin = Math.round(Number(edge) / binWidth)
    if (Number.isFinite(bin)) bins.set(bin, (bins.get(bin) ?? 0) + count)
  }
  if (bins.size === 0) return []
  const thresholdBin = threshold === null ? null : Math.floor(threshold / binWidth + 1e-6)
  const numbers = [...bins.keys(), ...(thresholdBin === null ? [] : [thresholdBin])]
  const first = Math.min(...numbers)
  const last = Math.max(...numbers)
  const largest = Math.max(...bins.values())
  const countColumns = formatCount(largest).length
  const [kept, dropped] = style.unicode ? ['█', '░'] : ['#', '-']
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const bin = first + index
    const count = bins.get(bin) ?? 0
    const length = count === 0 ? 0 : Math.max(1, Math.round((style.barColumns * count) / largest))
    const solid = thresholdBin === null || bin >= thresholdBin
    const edge = (bin * binWidth).toFixed(2).replace('-0.00', '0.00').padStart(5)
    const mark = bin === thresholdBin ? `  <- threshold ${threshold}` : ''
    const bar = (solid ? kept : dropped).repeat(length)
    return `  ${edge}  ${formatCount(count).padStart(countColumns)}  ${bar}${mark}`.trimEnd()
  })
}
