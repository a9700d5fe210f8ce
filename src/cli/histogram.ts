import { formatCount, labelled } from './figures.js'

/** Width of a `score:` bin, as the counters have it. */
const binWidth = 0.02
/** More lines are not read. With a heading they make less than a screen. */
const mostLines = 20

interface HistogramStyle {
  /** Characters of the longest bar. */
  readonly barColumns: number
  readonly unicode: boolean
}

/**
 * The `score:` counters as bars, one line a bin from the lowest to the highest, gaps included; where that would be too many lines, neighbours
 * share one, and the threshold begins a line. Solid bars lie at or above the threshold; the line that holds it is marked. No score, no lines.
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
  const lines = joined(bins, thresholdBin)
  const largest = Math.max(...lines.map(({ count }) => count))
  const countColumns = formatCount(largest).length
  const [kept, dropped] = style.unicode ? ['█', '░'] : ['#', '-']
  return lines.map(({ bin, count }) => {
    const length = count === 0 ? 0 : Math.max(1, Math.round((style.barColumns * count) / largest))
    const solid = thresholdBin === null || bin >= thresholdBin
    const edge = (bin * binWidth).toFixed(2).replace('-0.00', '0.00').padStart(5)
    const mark = bin === thresholdBin ? `  <- threshold ${threshold}` : ''
    const bar = (solid ? kept : dropped).repeat(length)
    return `  ${edge}  ${formatCount(count).padStart(countColumns)}  ${bar}${mark}`.trimEnd()
  })
}

/** Bins from the first to the last, so many in a line that there are few enough of these. `bin`: the first of each. */
function joined(
  bins: ReadonlyMap<number, number>,
  thresholdBin: number | null,
): readonly { readonly bin: number; readonly count: number }[] {
  const numbers = [...bins.keys(), ...(thresholdBin === null ? [] : [thresholdBin])]
  const [first, last] = [Math.min(...numbers), Math.max(...numbers)]
  for (let width = 1; ; width++) {
    const start = (bin: number) =>
      (thresholdBin ?? 0) + Math.floor((bin - (thresholdBin ?? 0)) / width) * width
    const length = (start(last) - start(first)) / width + 1
    if (length > mostLines) continue
    return Array.from({ length }, (_, line) => {
      const bin = start(first) + line * width
      const within = Array.from({ length: width }, (_, i) => bins.get(bin + i) ?? 0)
      return { bin, count: within.reduce((sum, count) => sum + count, 0) }
    })
  }
}
