import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openPglite } from '../dist/backend/pglite/database.js'
import { connectRedis, redisBackend } from '../dist/backend/redis/index.js'
import { callThrough, sqlBackend } from '../dist/backend/sql-backend.js'
import { cpuMs } from './near.js'
import { cache } from './places.js'
import { startServer } from './redis-server.js'
import { lineOf } from './scale.js'

export const title = 'What a kept pair costs the backend, the first ones and the hundred thousandth'
/** Beside the clone; null = nothing. */
export const needs = 'redis-server, for one of its two lines'

const run = 'growth'
const pairs = 100_000
const slices = 10
const noLimits = { maxPages: null, maxPairs: null, maxPagesPerHost: null }

/** CPU of the backend for 1,000 kept pairs, slice by slice. @param {(work: () => Promise<void>) => Promise<number>} cpuOf in milliseconds */
async function measureSlices(backend, cpuOf) {
  await backend.openRun(run, {}, noLimits)
  const line = lineOf(backend, run)
  const costs = []
  for (let slice = 0; slice < slices; slice += 1) {
    const before = line.counts().images
    const ms = await cpuOf(() => line.through(pairs / slices, true))
    costs.push((ms / (line.counts().images - before)) * 1_000)
    console.log(`  ${line.counts().images} kept: ${costs.at(-1).toFixed(0)} ms for 1,000`)
  }
  return costs
}

/** The database's thread and this one, which does little beside asking. */
async function onPglite() {
  const folder = join(cache, 'growth')
  await rm(folder, { recursive: true, force: true })
  const database = await openPglite(join(folder, 'db'))
  try {
    return await measureSlices(sqlBackend(callThrough(database)), async (work) => {
      const before = process.cpuUsage()
      await work()
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1_000
    })
  } finally {
    await database.close()
  }
}

async function onRedis(server) {
  const redis = connectRedis(server.url, (error) => console.error(error.message))
  try {
    return await measureSlices(redisBackend(redis, { prefix: 'bench' }), (work) => cpuMs(redis, work))
  } finally {
    redis.disconnect()
    await server.close()
  }
}

/** @returns {Promise<import('./results.js').Section>} */
export async function measure() {
  const lines = [lineFor('PGlite, with the thread that asks', await onPglite())]
  const server = await startServer()
  if (server !== null) lines.push(lineFor("Redis, the server's", await onRedis(server)))
  return {
    lines,
    notes: [
      `${pairs.toLocaleString('en-US')} synthetic pairs, no two alike, are found, dealt, judged with near duplicates on, kept and planned; without pages, pictures and a store. CPU for 1,000 of the last ${(pairs / slices).toLocaleString('en-US')} against the second ${(pairs / slices).toLocaleString('en-US')}: the first hold the start.`,
      ...(server === null ? ['Redis not measured: there is no redis-server on this machine.'] : []),
    ],
  }
}

/** @returns {import('./results.js').Line} */
function lineFor(what, costs) {
  const [, early] = costs
  const late = costs.at(-1)
  const ratio = late / early
  return {
    what: `CPU for 1,000 kept pairs, ${what}`,
    pairmill: `${late.toFixed(0)} ms at ${pairs.toLocaleString('en-US')}`,
    other: `${early.toFixed(0)} ms at ${((2 * pairs) / slices).toLocaleString('en-US')}`,
    ratio,
    aim: 'at most 1.1x',
    met: ratio <= 1.1,
  }
}
