import type { ProgressStyle } from '../options/index.js'
import type { Tables } from '../query/index.js'
import { shellQuoted } from '../records/index.js'
import type { Meanings, NotShown, NotWritten, ReportData } from '../report/index.js'
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
  /** Why nothing can be written there; null = it can. */
  readonly placeProblem: (path: string) => Promise<NotWritten | null>
  /** null = it is written. */
  readonly write: (path: string, html: string) => Promise<NotWritten | null>
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
    const fail = (message: string, code: ExitCode) => {
      ticker.close()
      say(stderr, message)
      return code
    }
    const notWritten = (problem: NotWritten) =>
      problem.kind === 'problem'
        ? fail(`${out} cannot be written: ${problem.why}`, exitCodes.failed)
        : fail(
            `${out} is there already, and is no report of pairmill: name another file with --out`,
            exitCodes.usage,
          )
    const blocked = await deps.placeProblem(out)
    if (blocked !== null) return notWritten(blocked)
    const data = await deps.read(tables, meanings, ticker.show)
    if ('kind' in data) return fail(data.message, exitCodes.failed)
    ticker.show('writing')
    const html = await deps.documentOf(data)
    const problem = await deps.write(out, html)
    if (problem !== null) return notWritten(problem)
    ticker.close()
    stdout.write(
      `The report is written, ${formatBytes(Buffer.byteLength(html))}. Open it in a browser:\n  ${shellQuoted(out)}\n`,
    )
    return exitCodes.ok
  })
}
