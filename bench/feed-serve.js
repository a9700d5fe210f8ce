import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { writeDataset } from './dataset.js'
import { cache, repo } from './places.js'
import { median, unmeasured } from './results.js'

export const title = 'feed --serve: an epoch as virtual tars, against a plain server of the same tars'
export const needs = null

const run = promisify(execFile)
const of = { samples: 8_000, shardSize: 2_000, bytes: 60_000 }

/** CPU seconds of a process so far. */
function cpuSeconds(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** A server of its own process, and the URL that it prints. */
async function started(words) {
  const child = spawn(process.execPath, words, { cwd: repo, stdio: ['ignore', 'pipe', 'ignore'] })
  let said = ''
  while (!/http:\/\/127\.0\.0\.1:\d+/.test(said)) {
    const [piece] = await once(child.stdout, 'data')
    said += piece
  }
  return { child, url: /http:\/\/127\.0\.0\.1:\d+/.exec(said)[0] }
}

/** Reads all paths at once; what that took, and the CPU of the server. */
async function read({ child, url }, paths) {
  const cpu = cpuSeconds(child.pid)
  const begun = performance.now()
  const sizes = await Promise.all(
    paths.map(async (path) => {
      const { stdout } = await run('curl', [
        '-sSf',
        '-o',
        '/dev/null',
        '-w',
        '%{size_download}',
        `${url}/${path}`,
      ])
      return Number(stdout)
    }),
  )
  const seconds = (performance.now() - begun) / 1000
  const gigabytes = sizes.reduce((sum, size) => sum + size, 0) / 1e9
  return { gigabytes, perSecond: gigabytes / seconds, cpuPerGb: (cpuSeconds(child.pid) - cpu) / gigabytes }
}

const part = (rank, world) => `${String(rank).padStart(5, '0')}-of-${String(world).padStart(5, '0')}.tar`

/** @param {{ repeat: number }} options @returns {Promise<import('./results.js').Section>} */
export async function measure({ repeat }) {
  const dir = join(cache, 'feed-serve')
  await writeDataset(dir, of)
  const tars = (await readdir(dir)).filter((name) => name.endsWith('.tar')).sort()
  const servers = []
  const lines = []
  try {
    const ours = await started(['dist/cli/main.js', 'feed', dir, '--serve', '--port', '0'])
    servers.push(ours)
    const plain = await started(['bench/plain-files.js', dir])
    servers.push(plain)
    for (const world of [1, 4]) {
      const what = world === 1 ? 'an epoch as one tar' : `an epoch as ${world} tars, read at once`
      const [fed, files] = [[], []]
      for (let i = 0; i < repeat; i += 1) {
        fed.push(
          await read(
            ours,
            Array.from({ length: world }, (_, rank) => `epoch/${i}/${part(rank, world)}`),
          ),
        )
        files.push(await read(plain, world === 1 ? [tars.join(',')] : tars))
      }
      const [mine, other] = [fed, files].map((runs) => ({
        mb: 1000 * median(runs.map(({ perSecond }) => perSecond)),
        cpu: median(runs.map(({ cpuPerGb }) => cpuPerGb)),
      }))
      const ratio = mine.mb / other.mb
      lines.push({
        ...{ what: `${what}, of ${of.samples.toLocaleString('en-US')} pairs of ${of.bytes / 1000} kB` },
        ...{ pairmill: `${mine.mb.toFixed(0)} MB/s`, other: `plain files: ${other.mb.toFixed(0)} MB/s` },
        ...{ ratio, aim: '>= 0.7x', met: ratio >= 0.7 },
      })
      lines.push({
        ...{ what: 'CPU of the server for it', pairmill: `${mine.cpu.toFixed(2)} s a GB` },
        ...{ other: `plain files: ${other.cpu.toFixed(2)} s a GB`, ratio: mine.cpu / other.cpu },
        ...{ aim: 'none', met: null },
      })
    }
  } catch (error) {
    lines.push(unmeasured('feed --serve', '>= 0.7x', String(error)))
  } finally {
    for (const { child } of servers) child.kill()
    await rm(dir, { recursive: true, force: true })
  }
  return {
    lines,
    notes: [
      'Both serve from the page cache to curl, which throws away what it reads. The plain server streams the four tars as they lie there; the other one reads the pairs of an order that is shuffled over all of them, checks each, and leaves out what is taken back.',
    ],
  }
}
