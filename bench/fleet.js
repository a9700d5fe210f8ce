import { join } from 'node:path'
import { startFleet } from './fleet-processes.js'
import { runPairmill } from './pairmill.js'
import { makePictures } from './pictures.js'
import { cache } from './places.js'
import { median, unmeasured } from './results.js'
import { spanSeconds, startWeb } from './web.js'

export const title = 'Fleet: more crawl workers, and Redis in place of PGlite'
/** Beside the clone; null = nothing. */
export const needs = 'redis-server'

const limitMs = 10 * 60_000
const crawlHosts = 200
const latencyMs = 100
/** So few that a worker waits for the web and not for the processor: four fetches at once from each. */
const hostsAtOnce = 2
const fleets = [1, 2, 4]
const aim = 3.5
const size = { width: 640, height: 480 }
const wholeFlags = ['--model', 'none', '--shard-size', '1000']

/** Pages per second of so many crawl workers, beside one process that looks after the run; or why not. */
async function crawlWith(workers, web, pages) {
  const fleet = await startFleet(`fleet-${workers}`)
  if (fleet === null) return { problem: 'there is no redis-server on this machine' }
  try {
    await web.reset()
    const crawl = Array.from({ length: workers }, () => ['crawl', '--concurrency', String(hostsAtOnce)])
    const seeds = web.origins.map((origin) => `${origin}/page/0.html`)
    const problem =
      (await fleet.hire([['shard'], ...crawl])) ??
      (await fleet.launch(seeds, ['--model', 'none'])) ??
      (await fleet.untilPages(pages, limitMs))
    if (problem !== null) return { problem }
    const { page } = await web.report()
    return { rate: page.count / spanSeconds(page) }
  } finally {
    await fleet.close()
  }
}

/** The whole line in one process, without a model: pages a second while it crawls, kept pairs a second up to its end. */
async function wholeOnRedis(web) {
  const fleet = await startFleet('fleet-redis')
  if (fleet === null) return { problem: 'there is no redis-server on this machine' }
  try {
    await web.reset()
    const started = await fleet.launch([`${web.origins[0]}/page/0.html`], wholeFlags)
    if (started !== null) return { problem: started }
    const { ran, problem } = await fleet.workToEnd(['all', '--concurrency', '16'], limitMs)
    if (problem !== null) return { problem }
    return figuresOf(ran, (await fleet.details())?.counters.kept ?? 0, await web.report())
  } finally {
    await fleet.close()
  }
}

async function wholeOnPglite(web) {
  await web.reset()
  const { ran, counters, problem } = await runPairmill('fleet-pglite', {
    seeds: [`${web.origins[0]}/page/0.html`],
    flags: [...wholeFlags, '--concurrency', '16'],
    limitMs,
  })
  return problem === null ? figuresOf(ran, counters.kept ?? 0, await web.report()) : { problem }
}

function figuresOf(ran, kept, { page }) {
  const seconds = (ran.endMs - (page.firstMs ?? ran.startMs)) / 1000
  return {
    kept,
    pagesPerSecond: page.count / spanSeconds(page),
    keptPerSecond: kept / seconds,
    cpuPer1000: (ran.cpuSeconds / kept) * 1000,
  }
}

/** @param {{ fleetPages: number, fleetImages: number, repeat: number }} options */
export async function measure({ fleetPages, fleetImages, repeat }) {
  const crawled = await measureWorkers(fleetPages, repeat)
  const whole = await measureBackends(fleetImages, repeat)
  return {
    lines: [...crawled, ...whole],
    notes: [
      `Crawl workers: ${crawlHosts} hosts of ${fleetPages} pages (9 KB, 20 links, 10 captioned images), each answer ${latencyMs} ms late, no delay between fetches. Each worker is a process that visits ${hostsAtOnce} hosts at once with up to four fetches each, so that it waits for the web; one more process looks after the run. Pages over the time from the first to the last page request, median of ${repeat}.`,
      'All of them, their Redis (log of writes on) and the web share this one machine: where its processors are busy, that is what limits the fleet and not the state it shares.',
      `Redis against PGlite: one process does the whole line over a site of ${fleetImages} pages on one host, each with one picture (${size.width} x ${size.height}, 31 KB, no two alike) worth fetching; near dedupe on, no model, shards of 1,000 in a folder. Kept pairs from the first page request to the end of the process. On Redis a part waits four seconds before it is planned, which is in that time. PGlite runs in the process that is counted, with the making of the database; the Redis server does not.`,
    ],
  }
}

async function measureWorkers(pages, repeat) {
  const web = await startWeb({ kind: 'crawl', pages, pictures: null, hosts: crawlHosts, latencyMs })
  const rates = new Map(fleets.map((workers) => [workers, []]))
  const problems = new Map()
  try {
    for (let round = 0; round < repeat; round += 1) {
      for (const workers of fleets) {
        if (problems.has(workers)) continue
        const outcome = await crawlWith(workers, web, pages * crawlHosts)
        if ('problem' in outcome) problems.set(workers, outcome.problem)
        else rates.get(workers)?.push(outcome.rate)
        console.log(`  ${workers} crawl workers:`, outcome)
      }
    }
  } finally {
    await web.stop()
  }
  const [one, ...more] = fleets
  const rateText = (workers) => `${median(rates.get(workers) ?? [])?.toFixed(0)} pages/s`
  return more.map((workers) => {
    const wanted = workers === 4 ? aim : null
    const what = `${workers} crawl workers against one`
    const aimText = wanted === null ? 'none' : `at least ${wanted}x`
    const problem = problems.get(one) ?? problems.get(workers)
    if (problem !== undefined) return unmeasured(what, aimText, problem)
    // Each round's own ratio: its runs stood beside each other, so that a busy machine slowed them alike.
    const ratio = median(
      (rates.get(workers) ?? []).map((rate, i) => rate / (rates.get(one)?.[i] ?? Number.NaN)),
    )
    return {
      what,
      pairmill: rateText(workers),
      other: rateText(one),
      ratio,
      aim: aimText,
      met: wanted === null || ratio === null ? null : ratio >= wanted,
    }
  })
}

async function measureBackends(pages, repeat) {
  const pictures = join(cache, 'pictures-vga')
  await makePictures(pictures, pages, size)
  const web = await startWeb({ kind: 'line', pages, pictures, hosts: 1 })
  const redis = []
  const pglite = []
  let problem = null
  try {
    for (let round = 0; round < repeat && problem === null; round += 1) {
      for (const { name, figures, whole } of [
        { name: 'Redis', figures: redis, whole: wholeOnRedis },
        { name: 'PGlite', figures: pglite, whole: wholeOnPglite },
      ]) {
        const measured = await whole(web)
        console.log(`  the whole line on ${name}:`, measured)
        if ('problem' in measured) problem = measured.problem
        else if (measured.kept === 0) problem = 'no pair was kept'
        else figures.push(measured)
      }
    }
  } finally {
    await web.stop()
  }
  return [
    {
      what: 'pages a second, on Redis against PGlite',
      unit: 'pages/s',
      pick: (run) => run.pagesPerSecond,
    },
    {
      what: 'kept pairs a second, on Redis against PGlite',
      unit: 'kept/s',
      pick: (run) => run.keptPerSecond,
    },
    { what: 'CPU seconds of the workers for 1,000 kept', unit: 'CPU s', pick: (run) => run.cpuPer1000 },
  ].map(({ what, unit, pick }) => {
    if (problem !== null) return unmeasured(what, 'none', problem)
    const [ours, theirs] = [redis, pglite].map((runs) => median(runs.map(pick)) ?? 0)
    const ratio = median(redis.map((run, i) => pick(run) / pick(pglite[i])))
    const figure = (value) => `${value.toFixed(1)} ${unit}`
    return { what, pairmill: figure(ours), other: figure(theirs), ratio, aim: 'none', met: null }
  })
}
