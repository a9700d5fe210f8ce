import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cache } from './places.js'

const log = join(cache, 'threads.jsonl')
const preload = fileURLToPath(new URL('./thread-names.cjs', import.meta.url))

/** Environment in which a program of Node tells its threads' names. */
export const telling = { NODE_OPTIONS: `--require ${preload}`, PAIRMILL_BENCH_THREADS: log }

const ticksPerSecond = 100
const engine = "V8's compiler and collector"
const others = "libuv's pool, the model's helpers"
const images = "the image library's"

/** Kernel's name and CPU seconds of each thread that a process has now. @returns {Map<number, { name: string, seconds: number }>} */
function threadsOf(pid) {
  const found = new Map()
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const text = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1')
      const end = text.lastIndexOf(')')
      const fields = text.slice(end + 2).split(' ')
      const seconds = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
      found.set(Number(thread), { name: text.slice(text.indexOf('(') + 1, end), seconds })
    }
  } catch {
    // It, or the process, ended meanwhile: what was seen before counts.
  }
  return found
}

/** Names of the kernel's threads of a process, as `telling` made it tell them. @returns {Map<number, string>} */
function namesOf(pid) {
  const lines = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const told = lines.filter((line) => line.pid === pid)
  const files = new Map(told.flatMap(({ thread, file }) => (file === undefined ? [] : [[thread, file]])))
  const names = new Map(told.flatMap((line) => line.engine ?? []).map((thread) => [thread, engine]))
  for (const { thread, kernelThread } of told) {
    if (kernelThread !== undefined)
      names.set(kernelThread, thread === 0 ? 'main' : (files.get(thread) ?? 'unnamed'))
  }
  return names
}

/** Watches where the CPU of a process goes, ten times a second, from its start on. */
export function watchThreads(pid) {
  rmSync(log, { force: true })
  const seen = new Map()
  const timer = setInterval(() => {
    for (const [thread, used] of threadsOf(pid)) seen.set(thread, used)
  }, 100)
  return {
    /** CPU seconds by what a thread does, the most first. @returns {[string, number][]} */
    stop: () => {
      clearInterval(timer)
      const names = namesOf(pid)
      const sums = new Map()
      for (const [thread, { name, seconds }] of seen) {
        const what = names.get(thread) ?? (name.startsWith('libvips') ? images : others)
        sums.set(what, (sums.get(what) ?? 0) + seconds)
      }
      return [...sums].sort((a, b) => b[1] - a[1])
    },
  }
}
