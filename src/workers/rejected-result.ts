import { inSlices, type Steps } from '../crawl/index.js'
import { type BatchResult, type LanguageDetector, languageDetector, textRejectRow } from '../filter/index.js'
import type { TextReject } from '../records/index.js'

/** Rows that are made in one step. */
const perStep = 64

/** What comes of a batch of rejects: a row for each, and nothing else. Their languages are told here, where what tells them is loaded. */
export async function rejectedResult(
  rejects: readonly TextReject[],
  signal: AbortSignal,
): Promise<BatchResult> {
  return await inSlices(resultOf(rejects, await languageDetector()), {}, signal)
}

function* resultOf(rejects: readonly TextReject[], languages: LanguageDetector): Steps<BatchResult> {
  const rows: BatchResult['rows'][number][] = []
  const counters: Record<string, number> = {}
  for (const [i, reject] of rejects.entries()) {
    if (i % perStep === 0) yield
    rows.push({ row: textRejectRow(reject, languages), image: null })
    const name = `rejected:${reject.reason}`
    counters[name] = (counters[name] ?? 0) + 1
  }
  return { rows, deferred: [], counters }
}
