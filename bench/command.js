import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readdirSync, readFileSync } from 'node:fs'

/** Linux counts processor time in 1/100 s whatever the kernel was built with. */
const ticksPerSecond = 100

/** Fields of /proc/PID/stat after the name, which may hold blanks and brackets. */
function statFields(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** CPU seconds of all children that this process has waited for, and of those they waited for. */
function childrenCpuSeconds() {
  const fields = statFields('self')
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond
}

/** Bytes that all children waited for so far, and this process, had written to storage. */
function writtenBytes() {
  return Number(readFileSync('/proc/self/io', 'latin1').match(/^write_bytes: (\d+)$/m)?.[1] ?? 0)
}

/**
 * Resident bytes of every process of a group, of its first alone, and of its largest; pages shared between
 * processes count once for each.
 */
function groupRss(group) {
  let all = 0
  let first = 0
  let largest = 0
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const fields = statFields(name)
      const bytes = Number(fields[21]) * 4096
      if (Number(fields[2]) !== group) continue
      all += bytes
      largest = Math.max(largest, bytes)
      if (Number(name) === group) first = bytes
    } catch {
      // The process ended between the listing and the reading: it holds no memory any more.
    }
  }
  return { all, first, largest }
}

/**
 * @typedef {object} Ran
 * @property {number | null} code exit code; null = ended by a signal
 * @property {boolean} timedOut
 * @property {number} startMs since the epoch
 * @property {number} endMs since the epoch
 * @property {number} cpuSeconds of the command and its children
 * @property {number} peakRssBytes of the whole process group, sampled twice a second
 * @property {number} ownPeakRssBytes of the process itself without its children, sampled likewise
 * @property {number} largestRssBytes of the largest process of the group, sampled likewise
 * @property {number} writtenBytes that the command and its children wrote to storage; what this process writes meanwhile counts too
 */

/**
 * Runs a command to its end in a process group of its own, which is killed whole when the time is over.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ limitMs: number, log: string, env?: Record<string, string>, cwd?: string, onStart?: (pid: number) => void }} options log = a file for its output; onStart is told the process's number
 * @returns {Promise<Ran>}
 */
export async function runCommand(file, args, { limitMs, log, env = {}, cwd, onStart }) {
  const output = createWriteStream(log)
  await once(output, 'open')
  const cpuBefore = childrenCpuSeconds()
  const writtenBefore = writtenBytes()
  const startMs = Date.now()
  const child = spawn(file, args, {
    cwd,
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', output, output],
  })
  onStart?.(child.pid)
  let timedOut = false
  let peakRssBytes = 0
  let ownPeakRssBytes = 0
  let largestRssBytes = 0
  const kill = (signal) => {
    try {
      process.kill(-child.pid, signal)
    } catch {
      // The group is gone already.
    }
  }
  const interrupt = () => {
    kill('SIGKILL')
    process.exit(130)
  }
  process.once('SIGINT', interrupt)
  const sampler = setInterval(() => {
    const { all, first, largest } = groupRss(child.pid)
    peakRssBytes = Math.max(peakRssBytes, all)
    ownPeakRssBytes = Math.max(ownPeakRssBytes, first)
    largestRssBytes = Math.max(largestRssBytes, largest)
  }, 500)
  const limit = setTimeout(() => {
    timedOut = true
    kill('SIGTERM')
    setTimeout(() => kill('SIGKILL'), 5_000).unref()
  }, limitMs)
  try {
    const [code] = await once(child, 'exit')
    const endMs = Date.now()
    const cpuSeconds = childrenCpuSeconds() - cpuBefore
    return {
      code,
      timedOut,
      startMs,
      endMs,
      cpuSeconds,
      peakRssBytes,
      ownPeakRssBytes,
      largestRssBytes,
      writtenBytes: writtenBytes() - writtenBefore,
    }
  } finally {
    clearInterval(sampler)
    clearTimeout(limit)
    process.removeListener('SIGINT', interrupt)
    kill('SIGKILL')
    output.end()
  }
}
