import { connectRedis, redisBackend } from '../dist/backend/redis/index.js'
import { cpuMs, runOf } from './near.js'
import { infoOf } from './redis.js'
import { startServer } from './redis-server.js'
import { lineOf } from './scale.js'

export const title = 'Redis: the commit of a batch among a million kept images'
/** Beside the clone; null = nothing. */
export const needs = 'redis-server'

const prefix = 'bench'
const root = `{${prefix}}:`
const batchSize = 256
const commits = 40
/** A run that is past its move from bands to chunks. */
const moved = { bands_last: 0, bands_at: 131_072, bands_done: 0 }

/** The server's CPU for each script of the commits of batches that keep all of their images. */
async function measureCommits(redis, run) {
  let scripts = []
  const evalsha = async (...args) => {
    let reply
    const ms = await cpuMs(redis, async () => {
      reply = await redis.evalsha(...args)
    })
    scripts.push(ms)
    return reply
  }
  const counting = new Proxy(redis, {
    get: (target, name) => (name === 'evalsha' ? evalsha : Reflect.get(target, name)),
  })
  const backend = redisBackend(redis, { prefix })
  const counted = redisBackend(counting, { prefix })
  const each = []
  const commitBatch = async (commit) => {
    scripts = []
    const committed = await counted.commitBatch(commit)
    each.push(scripts)
    return committed
  }
  await lineOf({ ...backend, commitBatch }, run).through(commits * batchSize, true)
  // The first told the server the scripts' texts.
  const known = each.slice(1)
  return {
    ms: known.flat().reduce((sum, ms) => sum + ms, 0) / known.length,
    scripts: known[0].length,
    longestMs: Math.max(...known.flat()),
  }
}

/** @param {{ kept: number }} options */
export async function measure({ kept }) {
  const server = await startServer()
  if (server === null)
    return { lines: [], notes: ['Not measured: there is no redis-server on this machine.'] }
  const redis = connectRedis(server.url, (error) => console.error(error.message))
  try {
    const { redis_version: version } = await infoOf(redis, 'server')
    const lines = []
    for (const scheme of ['bands', 'chunks']) {
      const backend = redisBackend(redis, { prefix })
      await redis.flushall()
      await backend.openRun(scheme, {}, { maxPages: null, maxPairs: null, maxPagesPerHost: null })
      if (scheme === 'chunks') await redis.hset(`${root}r1`, moved)
      await runOf(redis, root, scheme).fill(kept)
      const measured = await measureCommits(redis, scheme)
      console.log(`  ${scheme}:`, measured)
      lines.push(...linesOf(scheme, measured))
    }
    return {
      lines,
      notes: [
        `Redis ${version}, ${kept.toLocaleString('en-US')} images with random perceptual hashes, in bands or in chunks; ${commits} commits of ${batchSize} images each, all of which are new and kept. CPU is that of the server, the asking for it included.`,
      ],
    }
  } finally {
    redis.disconnect()
    await server.close()
  }
}

/** @returns {import('./results.js').Line[]} */
function linesOf(scheme, { ms, scripts, longestMs }) {
  return [
    {
      what: `the server's CPU for a commit (${scheme})`,
      pairmill: `${ms.toFixed(1)} ms in ${scripts} scripts`,
      other: '-',
      ratio: null,
      aim: 'none',
      met: null,
    },
    {
      what: `the longest of all their scripts (${scheme})`,
      pairmill: `${longestMs.toFixed(1)} ms`,
      other: 'at most 25 ms',
      ratio: longestMs / 25,
      aim: 'at most 1x',
      met: longestMs <= 25,
    },
  ]
}
