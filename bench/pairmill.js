import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from './command.js'
import { cache, program, repo } from './places.js'
import { telling, watchThreads } from './threads.js'

/**
 * Runs `pairmill run` on a fresh folder of the cache with no delay between fetches, loopback allowed.
 * @param {string} name of the run: folder and log are named after it
 * @param {{ seeds: readonly string[], flags: readonly string[], limitMs: number }} options
 * @returns {Promise<{ ran: import('./command.js').Ran, threads: [string, number][], counters: Record<string, number>, out: string, problem: string | null }>}
 *   threads = CPU seconds by what a thread does; problem = why the figures must not be used; null = it ended well
 */
export async function runPairmill(name, { seeds, flags, limitMs }) {
  const out = join(cache, `out-${name}`)
  const log = join(cache, `${name}.log`)
  await rm(out, { recursive: true, force: true })
  const careless = ['--delay-ms', '0', '--image-delay-ms', '0', '--allow-private', '127.0.0.0/8']
  const args = ['run', ...seeds, '--out', out, ...careless, ...flags]
  let watched = null
  const onStart = (pid) => {
    watched = watchThreads(pid)
  }
  const ran = await runCommand(program, args, { limitMs, log, cwd: repo, env: telling, onStart })
  const threads = watched?.stop() ?? []
  const status = await readStatus(join(out, '.pairmill', 'status.json'))
  const problem = ran.timedOut
    ? `pairmill did not end within ${limitMs / 1000} s (see ${log})`
    : ran.code !== 0
      ? `pairmill ended with exit code ${ran.code} (see ${log})`
      : status === null
        ? 'pairmill left no status.json'
        : null
  return { ran, threads, counters: status?.counters ?? {}, out, problem }
}

/** null = there is none, as after a start that failed. */
async function readStatus(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}
