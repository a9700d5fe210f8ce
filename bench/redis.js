import { createHash, randomBytes } from 'node:crypto'
import { connectRedis, redisBackend } from '../dist/backend/redis/index.js'
import { startServer } from './redis-server.js'

export const title = 'Redis: a frontier of a million URLs on 10,000 hosts'
/** Beside the clone; null = nothing. */
export const needs = 'redis-server'

const hosts = 10_000
const prefix = 'bench'
/** URLs of one call, on so many hosts: about what a session of 50 pages finds. */
const urlsPerOffer = 1_000
const hostsPerOffer = 20
/** Over which the rates are taken, at the start and at the end. */
const rateUrls = 100_000
const rateLeases = 2_000
const sessionUrls = 50
const linksPerPage = 20
const imagesPerPage = 10
const pageSessions = 400
/** Calls in flight, as a few workers would have them. */
const atOnce = 8
const slowMs = 5

const noLimits = { maxPages: null, maxPairs: null, maxPagesPerHost: null }
const hostOf = (n) => `www.site-${n}.example-${n % 97}.org`
const urlOf = (host, n) => ({
  url: `https://${host}/articles/${2000 + (n % 25)}/a-title-of-some-length-${n}.html`,
  host,
  depth: 2 + (n % 3),
  anchor: host,
  redirects: 0,
})

export const candidateOf = (host, n) => {
  const imageUrl = `https://cdn.${host}/images/${n}/picture-of-something-${n}.jpg`
  const text = `A caption of ordinary length that says what picture ${n} shows`
  const body = {
    imageUrl,
    fallbackUrls: [],
    captions: [{ source: 'alt', text }],
    pageUrl: `https://${host}/articles/page-${n}.html`,
    pageLanguage: 'en',
    licenceUrl: null,
  }
  const key = createHash('sha256').update(imageUrl).digest('hex').slice(0, 32)
  return { key, host: `cdn.${host}`, texts: [text], body }
}

/** Calls `act` for 0 to count - 1, a few at once; answers how many a second. */
async function rateOf(count, act) {
  const startedAt = performance.now()
  let next = 0
  const lane = async () => {
    while (next < count) await act(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return count / ((performance.now() - startedAt) / 1_000)
}
async function millisecondsOf(times, act) {
  const startedAt = performance.now()
  for (let i = 0; i < times; i += 1) await act()
  return (performance.now() - startedAt) / times
}

export async function infoOf(redis, ...sections) {
  const text = await redis.info(...sections)
  const pairs = text.split('\r\n').filter((line) => line.includes(':'))
  return Object.fromEntries(pairs.map((line) => line.split(/:(.*)/s).slice(0, 2)))
}
/** What the state takes, without the buffers of connections and of the log of writes. */
export async function usedBytes(redis) {
  const memory = await infoOf(redis, 'memory')
  return memory.used_memory - memory.mem_clients_normal - memory.mem_aof_buffer
}

/** What a worker does with the backend, on one run. */
export function workerOf(backend, run) {
  const lease = async (host, max) => {
    const token = randomBytes(12).toString('hex')
    const times = { delayMs: 0, windowMs: 10_000, leaseMs: 90_000 }
    const wish = { run, host, token, max, ...times, groups: [], perGroup: 1 }
    return { token, host, ...(await backend.leaseHost(wish)) }
  }
  const commit = (held, over) =>
    backend.commitSession({
      run,
      host: held.host,
      token: held.token,
      partial: false,
      done: held.urls.map(({ id }) => id),
      retry: [],
      back: [],
      decided: [],
      unreachable: null,
      pages: held.urls.length,
      offers: [],
      candidates: [],
      counters: { pages: held.urls.length, page_bytes: 450_000, links: 1_000 },
      delayMs: 0,
      reservedMs: held.reservedMs,
      lastFetchAgoMs: 0,
      pauseMs: 0,
      throttleMs: 0,
      rendered: { signed: { renders: 0, paid: 0 }, plain: { renders: 0, paid: 0 } },
      health: 'ok',
      maxFailures: 5,
      maxFailingMs: 900_000,
      batchSize: 256,
      batchAgeMs: 30_000,
      perHost: 32,
      ...over,
    })
  return { lease, commit }
}

/** @param {{ urls: number }} options */
export async function measure({ urls }) {
  const server = await startServer()
  if (server === null)
    return { lines: [], notes: ['Not measured: there is no redis-server on this machine.'] }
  const redis = connectRedis(server.url, (error) => console.error(error.message))
  try {
    const { redis_version: version } = await infoOf(redis, 'server')
    await redis.config('SET', 'slowlog-log-slower-than', String(slowMs * 1_000), 'slowlog-max-len', '10000')
    const backend = redisBackend(redis, { prefix })
    const frontier = await measureFrontier(redis, backend, urls)
    const pages = await measurePages(redis, backend)
    return sectionOf({ version, urls, ...frontier, pages })
  } finally {
    redis.disconnect()
    await server.close()
  }
}

/** Fills the frontier, and empties it again: what is left then is what is known. */
async function measureFrontier(redis, backend, urls) {
  const run = 'frontier'
  const { lease, commit } = workerOf(backend, run)
  await backend.openRun(run, {}, noLimits)
  await warmUp(backend)
  const emptyBytes = await usedBytes(redis)

  const perHost = urls / hosts
  const perCall = urlsPerOffer / hostsPerOffer
  const offer = (call) => {
    const first = (call * hostsPerOffer) % hosts
    const round = Math.floor((call * hostsPerOffer) / hosts)
    const offers = Array.from({ length: urlsPerOffer }, (_, i) => {
      const host = first + (i % hostsPerOffer)
      return urlOf(hostOf(host), host * perHost + round * perCall + Math.floor(i / hostsPerOffer))
    })
    return backend.offer(run, offers, false)
  }
  /** Leases that are given back at once, so that the frontier stays as it is. */
  const leaseRate = () =>
    rateOf(rateLeases, async (n) => {
      const held = await lease(hostOf(n), sessionUrls)
      if (held.kind !== 'urls') throw new Error(`${held.host} gave ${held.kind}`)
      const back = held.urls.map(({ id }) => id)
      await commit(held, { done: [], back, pages: 0, lastFetchAgoMs: null, health: 'none', counters: {} })
    })

  const calls = urls / urlsPerOffer
  const ends = rateUrls / urlsPerOffer
  const offersFirst = (await rateOf(ends, offer)) * urlsPerOffer
  const leasesFirst = await leaseRate()
  await rateOf(calls - 2 * ends, (n) => offer(ends + n))
  const offersLast = (await rateOf(ends, (n) => offer(calls - ends + n))) * urlsPerOffer
  const leasesLast = await leaseRate()
  const full = await backend.progress(run)
  if (full.urls !== urls) throw new Error(`${full.urls} URLs wait, not ${urls}`)
  const fullBytes = await usedBytes(redis)
  const waitingMs = await millisecondsOf(50, () => backend.waitingHosts(run, 64))
  const progressMs = await millisecondsOf(50, () => backend.progress(run))

  await rateOf(hosts, async (n) => {
    for (;;) {
      const held = await lease(hostOf(n), 200)
      if (held.kind !== 'urls') break
      await commit(held, {})
    }
  })
  const knownBytes = (await usedBytes(redis)) - emptyBytes
  const slow = await slowestOf(redis)
  const queuedBytes = fullBytes - emptyBytes - knownBytes
  return {
    offersFirst,
    offersLast,
    leasesFirst,
    leasesLast,
    waitingMs,
    progressMs,
    knownBytes,
    queuedBytes,
    slow,
  }
}

/** The server keeps the text of every script that it was told: that is no part of what a URL takes. */
async function warmUp(backend) {
  const run = 'warm'
  const { lease, commit } = workerOf(backend, run)
  await backend.openRun(run, {}, noLimits)
  await backend.offer(run, [urlOf('warm.example.org', 0)], false)
  await commit(await lease('warm.example.org', 1), {})
  await backend.waitingHosts(run, 1)
  await backend.progress(run)
}

/** Script calls that took longer than the server's threshold, and the longest, by the server's clock. */
async function slowestOf(redis) {
  const calls = (await redis.slowlog('GET', '-1')).filter(([, , , [command]]) => /^eval/i.test(command))
  const longestMs = Math.max(0, ...calls.map(([, , micros]) => micros)) / 1_000
  await redis.slowlog('RESET')
  return { calls: calls.length, longestMs }
}

/** Sessions as a crawl has them: 50 pages, each with 20 links, of which one is new, and 10 new images. */
async function measurePages(redis, backend) {
  const run = 'pages'
  const { lease, commit } = workerOf(backend, run)
  await backend.openRun(run, {}, noLimits)
  for (let n = 0; n < pageSessions; n += 1) {
    const urls = Array.from({ length: sessionUrls }, (_, i) => urlOf(hostOf(n), i))
    await backend.offer(run, urls, false)
  }
  // A rewrite of the log would make it shorter.
  await redis.config('SET', 'auto-aof-rewrite-percentage', '0')
  await redis.config('RESETSTAT')
  await redis.slowlog('RESET')
  const before = await infoOf(redis, 'persistence', 'cpu')
  await rateOf(pageSessions, async (n) => {
    const held = await lease(hostOf(n), sessionUrls)
    const offers = Array.from({ length: sessionUrls * linksPerPage }, (_, i) =>
      urlOf(held.host, i % linksPerPage === 0 ? 1_000 + i : i % sessionUrls),
    )
    const candidates = Array.from({ length: sessionUrls * imagesPerPage }, (_, i) =>
      candidateOf(held.host, i),
    )
    const committed = await commit(held, { offers, candidates })
    for (const batch of committed.batches) {
      await backend.leaseBatch({ run, batch, token: held.token, leaseMs: 90_000 })
    }
  })
  const after = await infoOf(redis, 'persistence', 'cpu', 'stats', 'commandstats')
  const cpuOf = (info) => Number(info.used_cpu_user_main_thread) + Number(info.used_cpu_sys_main_thread)
  const callsOf = (name) => Number(/calls=(\d+)/.exec(after[`cmdstat_${name}`] ?? '')?.[1] ?? 0)
  const pages = pageSessions * sessionUrls
  const scripts = callsOf('evalsha')
  const all = Object.keys(after).filter((key) => key.startsWith('cmdstat_'))
  const inside = all.reduce((sum, key) => sum + callsOf(key.slice('cmdstat_'.length)), 0) - scripts
  return {
    scripts: scripts / pages,
    inside: inside / pages,
    inBytes: after.total_net_input_bytes / pages,
    outBytes: after.total_net_output_bytes / pages,
    logBytes: (after.aof_current_size - before.aof_current_size) / pages,
    cpuMicros: ((cpuOf(after) - cpuOf(before)) * 1e6) / pages,
    slow: await slowestOf(redis),
  }
}

/** @returns {import('./results.js').Section} */
function sectionOf(m) {
  const known = m.knownBytes / m.urls
  const queued = m.queuedBytes / m.urls
  const thousands = (n) => Math.round(n).toLocaleString('en-US')
  const bytes = (what, figure, limit) => ({
    what,
    pairmill: `${figure.toFixed(1)} B`,
    other: `at most ${limit} B`,
    ratio: figure / limit,
    aim: 'at most 1x',
    met: figure <= limit,
  })
  const rates = (what, unit, first, last) => ({
    what: `${what}: the last against the first`,
    pairmill: `${thousands(last)} ${unit}/s`,
    other: `${thousands(first)} ${unit}/s`,
    ratio: last / first,
    aim: 'at least 0.8x',
    met: last >= 0.8 * first,
  })
  const told = (what, pairmill) => ({ what, pairmill, other: '-', ratio: null, aim: 'none', met: null })
  const { pages } = m
  return {
    lines: [
      bytes('memory for a known URL', known, 16),
      bytes('memory for a queued URL, beside its being known', queued, 200),
      rates(`offers, ${thousands(rateUrls)} URLs at each end`, 'URLs', m.offersFirst, m.offersLast),
      rates(
        `leases with their commits, ${thousands(rateLeases)} at each end`,
        'leases',
        m.leasesFirst,
        m.leasesLast,
      ),
      told('finding 64 hosts that wait, in the full frontier', `${m.waitingMs.toFixed(2)} ms`),
      told('asking how far a run is, in the full frontier', `${m.progressMs.toFixed(2)} ms`),
      told(
        'calls for a page',
        `${pages.scripts.toFixed(2)} scripts, ${pages.inside.toFixed(1)} commands inside`,
      ),
      told(
        'bytes for a page',
        `${thousands(pages.inBytes)} in, ${thousands(pages.outBytes)} out, ${thousands(pages.logBytes)} logged`,
      ),
      told(
        "the server's CPU for a page",
        `${thousands(pages.cpuMicros)} us, ${(pages.cpuMicros / pages.scripts / 1_000).toFixed(1)} ms a script`,
      ),
      told(
        `scripts longer than ${slowMs} ms`,
        `${m.slow.calls + pages.slow.calls}, the longest ${Math.max(m.slow.longestMs, pages.slow.longestMs).toFixed(1)} ms`,
      ),
    ],
    notes: [
      `Redis ${m.version} on the same machine, with its log of writes on; ${thousands(m.urls)} URLs of about 75 characters on ${thousands(hosts)} hosts, offered ${thousands(urlsPerOffer)} at a time on ${hostsPerOffer} hosts, ${atOnce} calls in flight.`,
      'A known URL is what is left when every URL is done, the records of the hosts included. Memory is used_memory without the buffers of connections and of the log. A lease takes 50 URLs, which are given back.',
      `A page: sessions of ${sessionUrls} pages with ${linksPerPage} links each, of which one is new and none was filtered out by the worker, and ${imagesPerPage} new candidates; images, judging and doorbells are not in it.`,
      'The lengths of scripts are wall time by the server: another busy process on the machine lengthens them.',
    ],
  }
}
