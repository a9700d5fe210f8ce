import { resolve } from 'node:path'
import { type RemoteDemoWeb, renderTruthScore, type ScoredRow, scoreAgainstTruth } from '../demo/index.js'
import type { ProgressStyle } from '../options/index.js'
import { noteLine, styleFor } from './display.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { say } from './output.js'
import { type RunDeps, runCommand } from './run.js'
import type { RunCall } from './run-input.js'
import type { VerifyCall } from './verify.js'

export interface DemoCall {
  /** Folder for the dataset, as given. */
  readonly out: string
  /** Port of the demo web; 0 = any free one. */
  readonly port: number
  /** As for `pairmill run`; null = the model in the box. */
  readonly model: string | null
  /** Only serve the web, until a signal comes. */
  readonly serveOnly: boolean
  /** null = as suits standard error. */
  readonly progress: ProgressStyle | null
}

interface DemoDeps extends RunDeps {
  /** Folder of the model in the box. */
  readonly boxedModelDir: string
  readonly isFolder: (path: string) => boolean
  /** Why there is no demo web here, and what to do; null = there is one. */
  readonly problem: () => string | null
  readonly startWeb: (port: number, signal: AbortSignal) => Promise<RemoteDemoWeb>
  /** Rows of the finished dataset. */
  readonly readRows: (dir: string) => AsyncIterable<ScoredRow>
  readonly verify: (call: VerifyCall) => Promise<ExitCode>
  /** Writes the report and says where; nothing where DuckDB, which it needs, cannot be had. */
  readonly report: (call: Pick<DemoCall, 'out' | 'progress'>) => Promise<ExitCode>
}

/** Local traffic to a web that was made to be crawled: no delay, and one host is as good as another. */
function demoRunCall(call: DemoCall, web: RemoteDemoWeb, model: string): RunCall {
  return {
    seeds: web.seeds,
    flags: {
      out: call.out,
      model,
      connectTo: [web.connectTo],
      allowPrivate: ['127.0.0.0/8'],
      delayMs: '0',
      ...(call.progress === null ? {} : { progress: call.progress }),
    },
    configFile: null,
  }
}

/** `pairmill demo`: a real run on a small web that knows the truth about itself. */
export async function demoCommand(call: DemoCall, deps: DemoDeps): Promise<ExitCode> {
  const problem = deps.problem()
  if (problem !== null) {
    say(deps.stderr, problem)
    return exitCodes.failed
  }
  const closing = new AbortController()
  const { stderr, redraw, clock } = deps
  const style = styleFor(call.progress, { isTerminal: stderr.isTerminal, redraw })
  const tell = (text: string) => stderr.write(`${noteLine(style, text, clock.now())}\n`)
  const model = call.model ?? (deps.isFolder(deps.boxedModelDir) ? deps.boxedModelDir : 'none')
  if (model === 'none') {
    tell(
      'Without a model nothing is scored: every pair that passes the other rules is kept, wrong texts with it.',
    )
  }
  tell('Drawing the demo web: pictures of several emoji sets, on hosts that exist only on this machine ...')
  const web = await deps.startWeb(call.port, closing.signal)
  try {
    tell(`Serving ${web.hosts.length} hosts on 127.0.0.1:${web.port}: ${web.hosts.join(', ')}`)
    if (call.serveOnly) return await serveUntilSignal(web, model, deps)
    const code = await runCommand(demoRunCall(call, web, model), deps)
    if (code !== exitCodes.ok) return code
    const dir = resolve(deps.input.cwd, call.out)
    const rows: ScoredRow[] = []
    for await (const row of deps.readRows(dir)) rows.push(row)
    const score = scoreAgainstTruth(rows, web.truth)
    deps.stdout.write(`\n${renderTruthScore(score, await web.forbiddenRequests()).join('\n')}\n\n`)
    const verified = await deps.verify({ dir, json: false, progress: call.progress })
    return verified === exitCodes.ok ? await deps.report(call) : verified
  } finally {
    closing.abort()
    await web.close()
  }
}

function serveUntilSignal(web: RemoteDemoWeb, model: string, deps: DemoDeps): Promise<ExitCode> {
  const seeds = web.seeds.join(' ')
  deps.stdout.write(
    `Crawl it from another terminal:\n  pairmill run ${seeds} --out my-demo --model ${model} ` +
      `--connect-to ${web.connectTo} --allow-private 127.0.0.0/8 --delay-ms 0\nCtrl-C ends it.\n`,
  )
  return new Promise((resolve) => {
    const end = () => {
      deps.signalSource.off('SIGINT', end)
      deps.signalSource.off('SIGTERM', end)
      resolve(exitCodes.ok)
    }
    deps.signalSource.on('SIGINT', end)
    deps.signalSource.on('SIGTERM', end)
  })
}
