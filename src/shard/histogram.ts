import { z } from 'zod'

const binWidth = 0.01

/** How many rows scored what. Bin i holds scores from `(first + i) x width` up to the next bin. */
export const histogramSchema = z.object({
  width: z.number(),
  /** Bin number of the first count, `floor(score / width)`; may be negative. 0 where nothing was scored. */
  first: z.int(),
  kept: z.array(z.int()).readonly(),
  /** As long as `kept`. */
  rejected: z.array(z.int()).readonly(),
})

export type ScoreHistogram = Readonly<z.infer<typeof histogramSchema>>

const emptyHistogram: ScoreHistogram = { width: binWidth, first: 0, kept: [], rejected: [] }

/** Counts by bin number: what a histogram is built in. */
interface ScoreCounts {
  readonly kept: Map<number, number>
  readonly rejected: Map<number, number>
}

export function newScoreCounts(): ScoreCounts {
  return { kept: new Map(), rejected: new Map() }
}

export function countScore(counts: ScoreCounts, score: number, kept: boolean): void {
  // A score such as 0.29 must fall into the bin that begins at it, whatever 0.29 / 0.01 gives in floating point.
  addTo(kept ? counts.kept : counts.rejected, Math.floor(Math.round(score * 1e9) / (binWidth * 1e9)), 1)
}

export function histogramOf(counts: ScoreCounts): ScoreHistogram {
  const bins = [...counts.kept.keys(), ...counts.rejected.keys()]
  if (bins.length === 0) return emptyHistogram
  const first = bins.reduce((a, b) => Math.min(a, b))
  const length = bins.reduce((a, b) => Math.max(a, b)) - first + 1
  const list = (of: Map<number, number>) => Array.from({ length }, (_, i) => of.get(first + i) ?? 0)
  return { width: binWidth, first, kept: list(counts.kept), rejected: list(counts.rejected) }
}

/** The histogram of all rows of several. */
export function mergeHistograms(histograms: Iterable<ScoreHistogram>): ScoreHistogram {
  const counts = newScoreCounts()
  for (const { first, kept, rejected } of histograms) {
    kept.forEach((count, i) => {
      if (count > 0) addTo(counts.kept, first + i, count)
    })
    rejected.forEach((count, i) => {
      if (count > 0) addTo(counts.rejected, first + i, count)
    })
  }
  return histogramOf(counts)
}

function addTo(map: Map<number, number>, bin: number, count: number): void {
  map.set(bin, (map.get(bin) ?? 0) + count)
}
