/**
 * pairmill's crawl stage alone, of its real parts: sessions rung by BullMQ, frontier and candidates committed to
 * PGlite, robots.txt and scope obeyed; what the sessions batch up is left for nobody. Ends when no URL is left.
 * Arguments: FOLDER HOSTS_AT_ONCE SEED_URL...
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { memoryQueue } from '../dist/backend/memory-queue.js'
import { openPglite } from '../dist/backend/pglite/database.js'
import { callThrough, sqlBackend } from '../dist/backend/sql-backend.js'
import { anchorOf, canonicalUrl, defaultVisitOptions } from '../dist/crawl/index.js'
import { filterRules } from '../dist/filter/index.js'
import { createNet } from '../dist/net/index.js'
import { hostOf, optOuts } from '../dist/records/index.js'
import { crawlHost } from '../dist/workers/crawl-worker.js'
import { defaultFailing } from '../dist/workers/hosts/host-backoff.js'
import { createLruMap } from '../dist/workers/hosts/lru-map.js'
import { createPermission } from '../dist/workers/hosts/permission.js'
import { createSoft404s } from '../dist/workers/hosts/soft-404.js'
import { createTraps } from '../dist/workers/hosts/traps.js'
import { nothingRejected, UnderWay } from '../dist/workers/index.js'
import { createKnown } from '../dist/workers/known.js'

const [folder, concurrency, ...seeds] = process.argv.slice(2)
const run = 'bench'
const visitOptions = { ...defaultVisitOptions, productToken: 'pairmill-bench' }
const scope = /** @type {const} */ ('host')
const fail = (error) => {
  throw error
}

const database = await openPglite(join(folder, 'db'))
const backend = sqlBackend(callThrough(database))
const queue = memoryQueue()
const net = createNet({ userAgent: 'pairmill-bench/1.0', connectTo: [], allowPrivate: ['127.0.0.0/8'] })
const now = () => Date.now()
const permit = createPermission({
  backend,
  fetch: net.fetch,
  now,
  productToken: 'pairmill-bench',
  obeyed: new Set(optOuts),
})
const soft404Deps = { backend, fetch: net.fetch, permit, now, random: Math.random }
const deps = {
  known: createKnown(100_000),
  traps: createTraps(100_000, now),
  cookies: createLruMap(1_000),
  rejects: nothingRejected,
  underWay: new UnderWay(now),
  groupsOf: async () => [],
  backend,
  queue,
  fetch: net.fetch,
  permit,
  soft404s: createSoft404s(soft404Deps, visitOptions, 1_000),
  now,
  random: Math.random,
  rendering: null,
}
const settings = {
  run,
  scope: { scope, maxDepth: null, include: [], exclude: [] },
  visit: visitOptions,
  delayMs: 0,
  requestDelayMs: 0,
  hostConcurrency: 4,
  texts: { ...filterRules, languages: null },
  sitemaps: true,
  batch: { batchSize: 256, batchAgeMs: 30_000, perHost: 32 },
  failing: defaultFailing,
}

await backend.openRun(run, {}, { maxPages: null, maxPairs: null, maxPagesPerHost: null })
// Nothing filters here: without a mark of its own the crawl would wait for a filter after 20,000 candidates.
await backend.setBacklogMark(run, Number.MAX_SAFE_INTEGER)
const offers = seeds.map((seed) => {
  const url = canonicalUrl(seed)
  return { url, depth: 0, anchor: anchorOf(url, scope), redirects: 0, host: hostOf(url) }
})
const never = new AbortController().signal
const visit = ({ key }) => crawlHost(deps, settings, key, never, never)
const answering = queue.consume('session', Number(concurrency), visit, fail)
await queue.notify('session', run, await backend.offer(run, offers, true))

for (;;) {
  await sleep(250)
  const progress = await backend.progress(run)
  if (progress.urls === 0 && progress.pagesLeased === 0) break
}
console.log(JSON.stringify(await backend.counters(run)))
await answering.close(false)
await queue.close()
await net.close()
await database.close()
