import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ListSource } from '../crawl/index.js'
import type { SkippedRow } from './feed.js'

/** Told to people for each list; all are in the file. */
const mostTold = 5
/** About 20 MB; the counters count those beyond it too. */
const mostListed = 100_000

/** Names the rows of lists that are no candidates: the first ones as notes, all in `skipped-rows.jsonl` beside the state of the run. */
export function createSkippedRows(
  privateDir: string,
  onNote: (text: string) => void,
): (source: ListSource, rows: readonly SkippedRow[]) => Promise<void> {
  const file = join(privateDir, 'skipped-rows.jsonl')
  const told = new Map<string, number>()
  let listed = 0
  return async ({ path }, rows) => {
    for (const { line, reason, detail } of rows) {
      const before = told.get(path) ?? 0
      if (before > mostTold) break
      told.set(path, before + 1)
      onNote(
        before === mostTold
          ? `${path}: more rows are left out; ${file} names them`
          : `${path} line ${line} is left out: ${rowSkipTexts[reason]}${detail === null ? '' : ` (${detail})`}`,
      )
    }
    const some = rows.slice(0, mostListed - listed)
    listed += some.length
    if (some.length === 0) return
    const lines = some.map(({ line, reason, detail }) => JSON.stringify({ list: path, line, reason, detail }))
    await appendFile(file, `${lines.join('\n')}\n`)
  }
}

const rowSkipTexts: Readonly<Record<SkippedRow['reason'], string>> = {
  malformed: 'it cannot be read',
  no_url: 'it has no URL',
  bad_url: 'its URL cannot be used',
  no_caption: 'it has no caption',
}
