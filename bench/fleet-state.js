import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { startFleet } from './fleet-processes.js'
import { unmeasured } from './results.js'
import { startWeb } from './web.js'

export const title = 'Fleet: what its Redis holds, and what it is asked'
/** Beside the clone; null = nothing. */
export const needs = 'redis-server'

const hosts = 2_000
const pagesPerHost = 40
const crew = [
  ['crawl', '--concurrency', '80'],
  ['crawl', '--concurrency', '80'],
  ['filter'],
  ['filter'],
  ['shard'],
  ['shard'],
]
const flags = ['--model', 'none', '--repeated-text', 'none', '--delay-ms', '200', '--image-delay-ms', '0']

/**
 * Kinds of keys, by how a key goes on behind the prefix; the first that fits.
 * @type {readonly (readonly [string, RegExp])[]}
 */
const classes = [
  ['candidates that wait', /^f\d/],
  ['their order', /^[yzbc]\d/],
  ['site records', /^o:/],
  ['queue', /^bells/],
  ['URLs that wait', /^[qw]\d/],
  ['known URLs', /^k\d/],
  ['known candidates', /^m\d/],
  ['captions', /^t\d/],
  ['kept images', /^[gij]\d/],
  ['hosts', /^[hl]:/],
  ['hosts by what is due', /^[ude]\d/],
  ['page ledger', /^[vx]\d/],
  ['everything else', /./],
]

/** Bytes and number of the keys of each kind. */
async function weigh(redis) {
  const weights = new Map(classes.map(([name]) => [name, { keys: 0, bytes: 0 }]))
  let cursor = '0'
  do {
    const [next, keys] = await redis.scan(cursor, 'COUNT', 1_000)
    cursor = next
    const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key, 'SAMPLES', 20)))
    for (const [i, key] of keys.entries()) {
      const rest = key.replace(/^\{[^}]*\}:/, '')
      const weight = weights.get(classes.find(([, pattern]) => pattern.test(rest))[0])
      weight.keys += 1
      weight.bytes += sizes[i] ?? 0
    }
  } while (cursor !== '0')
  return weights
}

async function figuresOf(redis) {
  const info = Object.fromEntries((await redis.info()).split('\r\n').map((line) => line.split(':')))
  const commands = await redis.info('commandstats')
  const calls = (name) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(commands)?.[1] ?? 0)
  return {
    cpuSeconds: Number(info.used_cpu_user) + Number(info.used_cpu_sys),
    scripts: calls('evalsha'),
    // What tells the queue's scripts from ours: only they look an item up by its place in a list.
    rings: calls('lpos'),
    usedBytes: Number(info.used_memory),
    outBytes: Number(info.total_net_output_bytes),
  }
}

const thousands = (number) => Math.round(number).toLocaleString('en-US')
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`

/** @param {{ stateMinutes: number }} options */
export async function measure({ stateMinutes }) {
  const web = await startWeb({ kind: 'crawl', pages: pagesPerHost, pictures: null, hosts: 1 })
  const fleet = await startFleet('fleet-state')
  if (fleet === null) {
    await web.stop()
    return { lines: [unmeasured('a fleet’s Redis', 'none', 'there is no redis-server here')], notes: [] }
  }
  const redis = new Redis(fleet.url)
  try {
    const seeds = Array.from({ length: hosts }, (_, i) => `http://h${i}.test/page/0.html`)
    const port = new URL(web.origins[0]).port
    const problem =
      (await fleet.launch(seeds, [...flags, '--connect-to', `::127.0.0.1:${port}`])) ??
      (await fleet.hire(crew))
    if (problem !== null) return { lines: [unmeasured('a fleet’s Redis', 'none', problem)], notes: [] }
    const before = await figuresOf(redis)
    await sleep(stateMinutes * 60_000)
    const after = await figuresOf(redis)
    const { counters, queues } = await fleet.details()
    const weights = await weigh(redis)
    return linesOf(stateMinutes, before, after, counters, queues, weights)
  } finally {
    redis.disconnect()
    await fleet.close()
    await web.stop()
  }
}

function linesOf(minutes, before, after, counters, queues, weights) {
  const told = (what, pairmill) => ({ what, pairmill, other: '-', ratio: null, aim: 'none', met: null })
  const pages = counters.pages ?? 0
  const seconds = minutes * 60
  const cpuMs = (after.cpuSeconds - before.cpuSeconds) * 1_000
  const scripts = after.scripts - before.scripts
  const heaviest = [...weights].toSorted(([, a], [, b]) => b.bytes - a.bytes)
  return {
    lines: [
      told(
        'pages; candidates; judged',
        `${thousands(pages)}; ${thousands(counters.candidates ?? 0)}; ${thousands(judged(counters))}`,
      ),
      told("the server's CPU for a page, everything in it", `${(cpuMs / pages).toFixed(2)} ms`),
      told('scripts for a page', (scripts / pages).toFixed(2)),
      told('scripts a second', thousands(scripts / seconds)),
      told(
        'items put into the queue that had one, at most, a second',
        thousands((after.rings - before.rings) / seconds),
      ),
      told('bytes read from the server a second', thousands((after.outBytes - before.outBytes) / seconds)),
      told('memory in use', `${megabytes(after.usedBytes)}, ${thousands(after.usedBytes / pages)} B a page`),
      ...heaviest
        .filter(([, { keys }]) => keys > 0)
        .map(([name, { keys, bytes }]) =>
          told(`... ${name}`, `${megabytes(bytes)} in ${thousands(keys)} keys`),
        ),
      told('site records of a host', `${thousands((weights.get('site records')?.bytes ?? 0) / hosts)} B`),
    ],
    notes: [
      `Six workers (two that crawl 80 hosts at once each, two filters, two that write shards), Redis with its log of writes on and the web on one machine, for ${minutes} minutes: ${thousands(hosts)} hosts of ${pagesPerHost} pages of 9 KB with 20 links and ten captioned images, 200 ms between two pages of a host; the pictures are not there (404). No model. ${thousands(queues.urls)} URLs and ${thousands(queues.batches)} batches waited at the end.`,
      'Sizes of keys are as MEMORY USAGE says, of 20 samples each.',
    ],
  }
}

function judged(counters) {
  const names = Object.keys(counters).filter((name) => name === 'kept' || name.startsWith('rejected:'))
  return names.reduce((sum, name) => sum + counters[name], 0)
}
