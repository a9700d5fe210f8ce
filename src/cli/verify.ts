import type { Problem, Verification, VerifyProgress } from '../shard/index.js'
import type { Clock } from './display.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { formatCount, jsonText, page } from './figures.js'
import { type Output, say } from './output.js'
import { amount } from './summary.js'

export interface VerifyDeps {
  readonly verify: (onProgress: (progress: VerifyProgress) => void) => Promise<Verification>
  readonly isFolder: (path: string) => boolean
  readonly stdout: Output
  readonly stderr: Output
  readonly clock: Clock
}

/** `pairmill verify`: `dir` is absolute. */
export async function verifyCommand(dir: string, json: boolean, deps: VerifyDeps): Promise<ExitCode> {
  const { stdout, stderr } = deps
  if (!deps.isFolder(dir)) {
    say(stderr, `there is no folder ${dir}`)
    return exitCodes.usage
  }
  const progress = openProgress(stderr, deps.clock)
  const found = await deps.verify(progress.show).finally(progress.close)
  const nothing = found.rows === 0 && found.pages === 0 && found.problems.length === 0
  if (json) stdout.write(`${jsonText({ ok: found.problems.length === 0 && !nothing, ...found }, 2)}\n`)
  else stdout.write(nothing ? page([[`${dir}: nothing is committed here`]]) : renderVerification(dir, found))
  return found.problems.length > 0 || nothing ? exitCodes.failed : exitCodes.ok
}

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
  if (underWay.length > 0) {
    lines.push(`${amount(underWay.length, 'file')} of shards that are not committed yet: left out`)
  }
  return page([lines])
}

function problemText({ shard, key, file, message }: Problem): string {
  const place = file ?? (shard === null ? 'dataset' : `shard ${shard}`)
  return `${place}${key === null ? '' : ` key ${key}`}: ${message}`
}

/** On a terminal one line, redrawn four times a second; elsewhere a JSON line every five seconds. */
function openProgress(output: Output, clock: Clock) {
  let latest: VerifyProgress | null = null
  let written: VerifyProgress | null = null
  const write = () => {
    if (latest === null || latest === written) return
    written = latest
    const { done, total, samples } = latest
    output.write(
      output.isTerminal
        ? `\r\u001b[Kverify  ${formatCount(done)} / ${amount(total, 'shard')}  ${amount(samples, 'pair')}`
        : `${JSON.stringify({ time: new Date(clock.now()).toISOString(), event: 'verify', done, total, samples })}\n`,
    )
  }
  const stop = clock.every(output.isTerminal ? 250 : 5000, write)
  return {
    show(progress: VerifyProgress) {
      latest = progress
    },
    close() {
      stop()
      if (output.isTerminal && written !== null) output.write('\r\u001b[K')
    },
  }
}
