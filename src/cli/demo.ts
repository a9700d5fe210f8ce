import { resolve } from 'node:path'
import { type DemoWeb, renderTruthScore, type ScoredRow, scoreAgainstTruth } from '../demo/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { type RunDeps, runCommand } from './run.js'
import type { RunCall } from './run-input.js'

export interface DemoCall {
  /** Folder for the dataset, as given. */
  readonly out: string
  /** Port of the demo web; 0 = any free one. */
  readonly port: number
  /** Only serve the web, until a signal comes. */
  readonly serveOnly: boolean
}

export interface DemoDeps extends RunDeps {
  /** Folder of the model in the box. */
  readonly modelDir: string
  readonly startWeb: (port: number, signal: AbortSignal) => Promise<DemoWeb>
  /** Rows of the finished dataset. */
  readonly readRows: (dir: string) => AsyncIterable<ScoredRow>
  readonly verify: (dir: string) => Promise<ExitCode>
}

/** Local traffic to a web that was made to be crawled: no delay, and one host is as good as another. */
export function demoRunCall(call: DemoCall, web: DemoWeb, modelDir: string): RunCall {
  return {
    seeds: web.seeds,
    flags: {
      out: call.out,
      model: modelDir,
      connectTo: [web.connectTo],
      allowPrivate: ['127.0.0.0/8'],
      delayMs: '0',
    },
    configFile: null,
  }
}

/** `pairmill demo`: a real run on a small web that knows the truth about itself. */
export async function demoCommand(call: DemoCall, deps: DemoDeps): Promise<ExitCode> {
  const closing = new AbortController()
  deps.stderr.write(
    'Drawing the demo web: pictures of several emoji sets, on hosts that exist only on this machine ...\n',
  )
  const web = await deps.startWeb(call.port, closing.signal)
  try {
    deps.stderr.write(`Serving ${web.hosts.length} hosts on 127.0.0.1:${web.port}: ${web.hosts.join(', ')}\n`)
    if (call.serveOnly) return await serveUntilSignal(web, deps)
    const code = await runCommand(demoRunCall(call, web, deps.modelDir), deps)
    if (code !== exitCodes.ok) return code
    const dir = resolve(deps.input.cwd, call.out)
    const rows: ScoredRow[] = []
    for await (const row of deps.readRows(dir)) rows.push(row)
    const score = scoreAgainstTruth(rows, web.truth)
    deps.stdout.write(`\n${renderTruthScore(score, web.forbiddenRequests()).join('\n')}\n\n`)
    return await deps.verify(dir)
  } finally {
    closing.abort()
    await web.close()
  }
}

function serveUntilSignal(web: DemoWeb, deps: DemoDeps): Promise<ExitCode> {
  const seeds = web.seeds.join(' ')
  deps.stdout.write(
    `Crawl it from another terminal:\n  pairmill run ${seeds} --out my-demo --model ${deps.modelDir} ` +
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
