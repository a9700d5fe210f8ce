import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openRedisHub } from '../dist/backend/index.js'
import { readRun, readWorkers } from '../dist/run/index.js'
import { runCommand } from './command.js'
import { cache, repo } from './places.js'
import { startServer } from './redis-server.js'

const main = 'dist/cli/main.js'
const careless = ['--delay-ms', '0', '--image-delay-ms', '0', '--allow-private', '127.0.0.0/8']
const pollMs = 100
export const run = 'bench'

/**
 * A fleet of built programs around a Redis of its own, with its log of writes on; null = there is no redis-server here.
 * @param {string} name of the measurement: its folder and logs are named after it
 */
export async function startFleet(name) {
  const server = await startServer()
  if (server === null) return null
  const fleet = await openRedisHub(server.url, (error) => console.error(error.message))
  if ('message' in fleet) throw new Error(fleet.message)
  const out = join(cache, `out-${name}`)
  await rm(out, { recursive: true, force: true })
  const env = { PAIRMILL_BACKEND: server.url }
  /** @type {import('node:child_process').ChildProcess[]} */
  const workers = []

  const pairmill = async (what, args, limitMs) => {
    const log = join(cache, `${name}-${what}.log`)
    const ran = await runCommand(process.execPath, [main, what, ...args], { limitMs, log, env, cwd: repo })
    return { ran, problem: ran.code === 0 ? null : `pairmill ${what} ended with ${ran.code} (see ${log})` }
  }
  const untilTrue = async (what, limitMs, isSo) => {
    const endMs = performance.now() + limitMs
    while (!(await isSo())) {
      if (performance.now() > endMs) return `${what} took more than ${limitMs / 1000} s`
      await sleep(pollMs)
    }
    return null
  }
  return {
    url: server.url,
    /** Starts the run; nobody works on it before somebody is hired. @returns {Promise<string | null>} a problem */
    launch: async (seeds, flags) =>
      (await pairmill('crawl', [...seeds, '--run', run, '--out', out, ...careless, ...flags], 60_000))
        .problem,
    /** Starts `work` processes and waits until they answer. @returns {Promise<string | null>} a problem */
    hire: async (calls) => {
      for (const [i, words] of calls.entries()) {
        const log = openSync(join(cache, `${name}-work-${i}.log`), 'w')
        const args = [main, 'work', ...words, '--log-level', 'warn']
        workers.push(
          spawn(process.execPath, args, {
            cwd: repo,
            env: { ...process.env, ...env },
            stdio: ['ignore', log, log],
          }),
        )
        closeSync(log)
      }
      const isThere = async () => (await readWorkers(fleet.backend)).length === workers.length
      return await untilTrue('starting the workers', 60_000, isThere)
    },
    /** One `work` process until every run has ended. */
    workToEnd: (words, limitMs) => pairmill('work', [...words, '--until-done'], limitMs),
    details: () => readRun(fleet.backend, run),
    /** @returns {Promise<string | null>} a problem */
    untilPages: (pages, limitMs) =>
      untilTrue(`crawling ${pages} pages`, limitMs, async () => {
        const details = await readRun(fleet.backend, run)
        return (details?.counters.pages ?? 0) >= pages
      }),
    async close() {
      for (const worker of workers) worker.kill('SIGTERM')
      await Promise.all(
        workers.map(async (worker) => {
          const late = setTimeout(() => worker.kill('SIGKILL'), 15_000)
          if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit')
          clearTimeout(late)
        }),
      )
      await fleet.close()
      await server.close()
      await rm(out, { recursive: true, force: true })
    },
  }
}
