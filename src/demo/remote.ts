import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { loadCatalogue } from './catalogue.js'
import type { FromDemo, ToDemo } from './process.js'
import type { Truth } from './truth.js'
import { type DemoOptions, planDemoWeb } from './web.js'

/** The demo web in a process of its own. */
export interface RemoteDemoWeb {
  readonly port: number
  /** The front page of every host. */
  readonly seeds: readonly string[]
  readonly hosts: readonly string[]
  /** Every connection to the one loopback port, as curl writes it. */
  readonly connectTo: string
  readonly truth: Truth
  /** Requests for what robots.txt forbids, so far. */
  forbiddenRequests(): Promise<number>
  close(): Promise<void>
}

const startMs = 60_000

/**
 * Serves the demo web from a child. It draws with an SVG renderer, which a process that crawls turns off for good
 * (`src/filter/library.ts`), and it should not take the crawler's time. The plan of the web is made here again for its truth: equal
 * options give equal plans. Rejects where the child does not serve within a minute.
 */
export async function startDemoProcess(options: DemoOptions, signal: AbortSignal): Promise<RemoteDemoWeb> {
  const entry = createRequire(import.meta.url).resolve('#threads/demo/process.js')
  const child = fork(entry, [JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  })
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(startMs)])
  const hear = async <Kind extends FromDemo['kind']>(
    kind: Kind,
  ): Promise<Extract<FromDemo, { kind: Kind }>> => {
    const died = once(child, 'exit', { signal: deadline }).then(([code]) => {
      throw new Error(`the demo web ended before it was asked to (exit code ${code})`)
    })
    const [message] = (await Promise.race([once(child, 'message', { signal: deadline }), died])) as [FromDemo]
    if (message.kind !== kind)
      throw new Error(`the demo web said '${message.kind}' where '${kind}' was awaited`)
    return message as Extract<FromDemo, { kind: Kind }>
  }
  try {
    const [{ port }, catalogue] = await Promise.all([hear('serving'), loadCatalogue(signal)])
    const { hosts, truth } = planDemoWeb(catalogue, options)
    return {
      port,
      seeds: hosts.map(({ host }) => `http://${host}/`),
      hosts: hosts.map(({ host }) => host),
      connectTo: `::127.0.0.1:${port}`,
      truth,
      forbiddenRequests: async () => {
        child.send({ kind: 'forbidden?' } satisfies ToDemo)
        const [message] = (await once(child, 'message', { signal })) as [FromDemo]
        return message.kind === 'forbidden' ? message.requests : 0
      },
      close: async () => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const ended = once(child, 'exit')
        child.kill('SIGTERM')
        await ended
      },
    }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}
