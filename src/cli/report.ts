import type { ProgressStyle } from '../options/index.js'
import type { Tables } from '../query/index.js'
import { shellQuoted } from '../records/index.js'
import type { Meanings, NotShown, ReportData } from '../report/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { formatBytes } from './figures.js'
import { say } from './output.js'
import { type TablesDeps, withTables } from './query.js'
import { pageSkipExplanations, rejectExplanations } from './reasons.js'

export interface ReportCall {
  /** Absolute folder, or an S3 URL. */
  readonly dir: string
  /** The same as it was given: commands on the page name it so. */
  readonly place: string
  /** Absolute; null = there is no place for it. */
  readonly out: string | null
  /** null = as suits standard error. */
  readonly progress: ProgressStyle | null
}

export interface ReportDeps extends TablesDeps {
  readonly read: (
    tables: Tables,
    meanings: Meanings,
    onStep: (step: string) => void,
  ) => Promise<ReportData | NotShown>
  readonly documentOf: (data: ReportData) => Promise<string>
  readonly write: (
    path: string,
    html: string,
  ) => Promise<{ readonly kind: 'written' | 'foreign' } | { readonly kind: 'problem'; readonly why: string }>
}

export const meanings: Meanings = { candidates: rejectExplanations, pages: pageSkipExplanations }

/** `pairmill report`. */
export async function reportCommand(call: ReportCall, deps: ReportDeps): Promise<ExitCode> {
  const { out } = call
  const { stdout, stderr } = deps
  if (out === null) {
    say(stderr, `${call.dir} is on S3, and a report is a file on this machine: name it with --out FILE`)
    return exitCodes.usage
  }
  return await withTables({ ...call, event: 'report' }, deps, async (tables, ticker) => {
    const data = await deps.read(tables, meanings, ticker.show)
    if ('kind' in data) {
      ticker.close()
      say(stderr, data.message)
      return exitCodes.failed
    }
    ticker.show('writing')
    const html = await deps.documentOf(data)
    const written = await deps.write(out, html)
    ticker.close()
    switch (written.kind) {
      case 'foreign':
        say(stderr, `${out} is there already, and is no report of pairmill: name another file with --out`)
        return exitCodes.usage
      case 'problem':
        say(stderr, `${out} cannot be written: ${written.why}`)
        return exitCodes.failed
      case 'written':
        stdout.write(
          `The report is written, ${formatBytes(Buffer.byteLength(html))}. Open it in a browser:\n  ${shellQuoted(out)}\n`,
        )
        return exitCodes.ok
    }
  })
}
