import type { ProgressStyle } from '../options/index.js'
import type { Problem, Verification, VerifyProgress } from '../shard/index.js'
import { type Clock, styleFor } from './display.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { formatCount, jsonText, page } from './figures.js'
import { type Output, say } from './output.js'
import { amount } from './summary.js'
import { openVerifyDisplay } from './verify-progress.js'

export interface VerifyCall {
  /** Absolute folder, or an S3 URL. */
  readonly dir: string
  readonly json: boolean
  /** null = as suits standard error. */
  readonly progress: ProgressStyle | null
}

interface VerifyDeps {
  readonly verify: (onProgress: (progress: VerifyProgress) => void) => Promise<Verification>
  readonly isFolder: (path: string) => boolean
  readonly stdout: Output
  readonly stderr: Output
  readonly color: boolean
  readonly redraw: boolean
  readonly unicode: boolean
  readonly clock: Clock
}

/** `pairmill verify`. */
export async function verifyCommand(call: VerifyCall, deps: VerifyDeps): Promise<ExitCode> {
  const { dir, json } = call
  const { stdout, stderr, redraw } = deps
  if (!deps.isFolder(dir)) {
    say(stderr, noDataset(dir))
    return exitCodes.failed
  }
  const style = styleFor(call.progress, { isTerminal: stderr.isTerminal, redraw })
  const progress = openVerifyDisplay(style, { ...deps, output: stderr })
  const found = await deps.verify(progress.show).finally(progress.close)
  // A shard of which all was taken back has no row, and is committed all the same.
  const nothing = found.shards + found.rows + found.pages === 0 && found.problems.length === 0
  if (json) stdout.write(`${jsonText({ ok: found.problems.length === 0 && !nothing, ...found }, 2)}\n`)
  else stdout.write(nothing ? page([[`${dir}: nothing is committed here`]]) : renderVerification(dir, found))
  return found.problems.length > 0 || nothing ? exitCodes.failed : exitCodes.ok
}

/** Said of a folder that is none, as `status` says it of one without a run. */
export const noDataset = (dir: string): string => `${dir} holds no dataset: there is no such folder`

/** Problems named one by one; the rest is counted. */
const mostListed = 200

export function renderVerification(dir: string, found: Verification): string {
  const { problems, underWay } = found
  const size = `${amount(found.shards, 'shard')}, ${amount(found.samples, 'pair')}, ${amount(found.rows, 'row')}${found.pages === 0 ? '' : `, ${amount(found.pages, 'page')}`}`
  const lines =
    problems.length === 0
      ? [`${dir}: ${size}: nothing is wrong`]
      : [
          `${dir}: ${amount(problems.length, 'problem')} in ${size}`,
          ...problems.slice(0, mostListed).map((problem) => `  ${problemText(problem)}`),
        ]
  if (problems.length > mostListed) {
    lines.push(`  and ${formatCount(problems.length - mostListed)} more; --json lists all of them`)
  }
  if (found.isCopy) lines.push('a copy without .pairmill/: checked by its manifest.json')
  if (found.change !== null) lines.push(changeLine(found.change))
  if (underWay.length > 0) {
    lines.push(`${amount(underWay.length, 'file')} of shards that are not committed yet: left out`)
  }
  return page([lines])
}

function changeLine({
  generation,
  command,
  reason,
  files,
  done,
}: NonNullable<Verification['change']>): string {
  const why = reason === null ? '' : ` (${reason})`
  return `generation ${generation}, ${command}${why}, is under way: ${formatCount(done)} of ${amount(files, 'file')} are done; the same command ends it`
}

function problemText({ shard, key, file, message }: Problem): string {
  const place = file ?? (shard === null ? 'dataset' : `shard ${shard}`)
  return `${place}${key === null ? '' : ` key ${key}`}: ${message}`
}
