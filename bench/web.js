import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Agent, request } from 'undici'

/**
 * What the server saw of one kind of file: times in ms since the epoch, null = none was asked for.
 * @typedef {{ count: number, bytes: number, firstMs: number | null, lastMs: number | null }} Seen
 * @typedef {{ page: Seen, picture: Seen, other: Seen, missing: Seen }} Report
 */

/**
 * Starts the local web in a process of its own.
 * @param {{ kind: 'crawl' | 'line' | 'pictures', pages: number, pictures: string | null, hosts: number, latencyMs?: number }} options
 */
export async function startWeb(options) {
  const child = fork(fileURLToPath(new URL('./server.js', import.meta.url)), [JSON.stringify(options)])
  const [ready] = await once(child, 'message', { signal: AbortSignal.timeout(120_000) })
  const ask = async (question) => {
    child.send(question)
    const [answer] = await once(child, 'message', { signal: AbortSignal.timeout(10_000) })
    return /** @type {Report} */ (answer.seen)
  }
  return {
    origins: Array.from({ length: options.hosts }, (_, i) => `http://127.0.0.${i + 1}:${ready.port}`),
    reset: () => ask('reset'),
    report: () => ask('report'),
    stop: async () => {
      child.disconnect()
      if (child.exitCode === null) await once(child, 'exit', { signal: AbortSignal.timeout(10_000) })
    },
  }
}

/** Seconds from the first to the last request of this kind, the time a stage took without its start and end. */
export function spanSeconds(seen) {
  return seen.firstMs === null || seen.lastMs === null ? 0 : (seen.lastMs - seen.firstMs) / 1000
}

/** What the server can do: fetches every URL once by a bare loop, and answers URLs per second. */
export async function bareFetchRate(urls, concurrency) {
  const dispatcher = new Agent({ connections: concurrency })
  const left = [...urls]
  const startMs = performance.now()
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (let url = left.pop(); url !== undefined; url = left.pop()) {
        const { body } = await request(url, { dispatcher })
        await body.arrayBuffer()
      }
    }),
  )
  const seconds = (performance.now() - startMs) / 1000
  await dispatcher.close()
  return urls.length / seconds
}
