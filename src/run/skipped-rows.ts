import { createReadStream } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { recordFaults, rowSkipReasons, type SourceSkip } from '../crawl/index.js'
import { shownUrl } from '../records/index.js'
import type { Some } from './seed-report.js'

export const skippedRowsName = 'skipped-rows.jsonl'
/** Told to people for each file; all are in the list. */
const mostTold = 5
/** About 20 MB; the counters count those beyond it too. */
const mostListed = 100_000

/** Names what is left out of sources: the first of each file as notes, all in `skipped-rows.jsonl` beside the state of the run. */
export function createSkippedRows(
  privateDir: string,
  onNote: (text: string) => void,
): (skipped: readonly SourceSkip[]) => Promise<void> {
  const list = join(privateDir, skippedRowsName)
  const told = new Map<string, number>()
  let listed = 0
  return async (skipped) => {
    for (const one of skipped) {
      const before = told.get(one.file) ?? 0
      if (before > mostTold) continue
      told.set(one.file, before + 1)
      onNote(
        before === mostTold ? `${shownUrl(one.file)}: more is left out; ${list} names it` : skipText(one),
      )
    }
    const some = skipped.slice(0, mostListed - listed)
    listed += some.length
    if (some.length > 0)
      await appendFile(list, some.map((one) => `${JSON.stringify(lineOf(one))}\n`).join(''))
  }
}

/** The first that were listed, over all starts of the run, and how many more there are; each once, though it may be listed twice. */
export async function readSkippedRows(privateDir: string, most: number): Promise<Some<SourceSkip>> {
  const first = new Map<string, SourceSkip>()
  let more = 0
  const file = createReadStream(join(privateDir, skippedRowsName))
  try {
    for await (const line of createInterface({ input: file })) {
      if (first.has(line)) continue
      const skip = first.size < most ? skipOf(line) : null
      if (skip === null) more++
      else first.set(line, skip)
    }
  } catch (error) {
    // A run from which nothing was left out has no such file.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  } finally {
    file.destroy()
  }
  return { first: [...first.values()], more }
}

/** What `lineOf` wrote; null = the process died while it was written. */
function skipOf(line: string): SourceSkip | null {
  const parsed = listedSkip.safeParse(jsonOf(line))
  if (!parsed.success) return null
  const { list, archive, line: at, byte, reason, detail } = parsed.data
  return {
    file: list ?? archive ?? '',
    at: byte === undefined ? { line: at ?? 0 } : { byte },
    reason,
    detail,
  }
}

const listedSkip = z.object({
  list: z.string().optional(),
  archive: z.string().optional(),
  line: z.number().optional(),
  byte: z.number().optional(),
  reason: z.enum([...rowSkipReasons, ...recordFaults]),
  detail: z.string().nullable(),
})

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Pure. */
export function skipText({ file, at, reason, detail }: SourceSkip): string {
  const place = 'line' in at ? `line ${at.line}` : `byte ${at.byte}`
  return `${shownUrl(file)} ${place} is left out: ${skipTexts[reason]}${detail === null ? '' : ` (${detail})`}`
}

function lineOf({ file, at, reason, detail }: SourceSkip): Record<string, unknown> {
  const name = shownUrl(file)
  return 'line' in at ? { list: name, ...at, reason, detail } : { archive: name, ...at, reason, detail }
}

const skipTexts: Readonly<Record<SourceSkip['reason'], string>> = {
  malformed: 'it cannot be read',
  no_url: 'it has no URL',
  bad_url: 'its URL cannot be used',
  no_caption: 'it has no caption',
  gzip: 'its compressed data are broken',
  cut: 'it is cut off',
  header_large: 'its header has no end',
  length: 'it is not as long as it says',
  too_large: 'it is too large',
  http_head: 'the archived response has no head that can be read',
  encoding: 'its body is not coded as it says',
  json: 'it is a WAT record without its JSON',
  bad_path: 'the path cannot be used',
  absent: 'the archive is not there',
  refused: 'the archive is not given by its server',
  not_warc: 'the file is no web archive',
}
