import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from './command.js'
import { compete, linesOf } from './contest.js'
import { crawlee, scrapy } from './peers.js'
import { cache, repo } from './places.js'
import { bareFetchRate, spanSeconds, startWeb } from './web.js'

export const title = 'Crawl stage: pages per second with a frontier'
/** Beside the clone; null = nothing. */
export const needs = 'Python with pip (Scrapy), npm (Crawlee)'
const limitMs = 5 * 60_000

/**
 * Settings each peer was found fastest with on this site (`--all-settings` tries the others again), then the ones
 * that keep its frontier on disk, as pairmill's is.
 */
const settings = {
  scrapy: [
    { label: 'memory, 16 at once', args: ['16', '-'] },
    { label: 'JOBDIR on disk, 16 at once', args: ['16', 'JOBDIR'] },
  ],
  crawlee: [
    { label: 'memory, 10 at once', args: ['10', 'memory'] },
    { label: 'disk, 10 at once', args: ['10', 'disk'] },
  ],
}
const otherSettings = {
  scrapy: ['8', '32', '64'].map((n) => ({ label: `memory, ${n} at once`, args: [n, '-'] })),
  crawlee: ['5', '20', '50'].map((n) => ({ label: `memory, ${n} at once`, args: [n, 'memory'] })),
}

/** Runs one peer over the whole site once and answers its pages per second, or why not. */
async function crawlWithPeer(name, peer, setting, web, pages) {
  const jobdir = join(cache, 'scrapy-jobdir')
  const storage = join(cache, 'crawlee-storage')
  for (const folder of [jobdir, storage]) await rm(folder, { recursive: true, force: true })
  const args = setting.args.map((arg) => (arg === 'JOBDIR' ? jobdir : arg))
  const seeds = web.origins.map((origin) => `${origin}/page/0.html`)
  await web.reset()
  const ran = await runCommand(
    peer.file,
    [...peer.before, join(cache, `${name}-pairs.jsonl`), ...args, ...seeds],
    { limitMs, log: join(cache, `${name}.log`), cwd: cache, env: { CRAWLEE_STORAGE_DIR: storage } },
  )
  return rateOf(ran.code === 0 ? null : `${name} failed (see ${join(cache, `${name}.log`)})`, ran, web, pages)
}

async function crawlWithPairmill(web, pages) {
  const folder = join(cache, 'crawl-stage')
  const log = join(cache, 'pairmill.log')
  await rm(folder, { recursive: true, force: true })
  await web.reset()
  const seeds = web.origins.map((origin) => `${origin}/page/0.html`)
  const args = ['bench/crawl-stage.js', folder, '16', ...seeds]
  const ran = await runCommand(process.execPath, args, { limitMs, log, cwd: repo })
  return rateOf(ran.code === 0 ? null : `pairmill failed (see ${log})`, ran, web, pages)
}

/** From the first to the last page request, as the server saw them: neither start nor end of a program counts. */
async function rateOf(problem, ran, web, pages) {
  const { page } = await web.report()
  const wanted = pages * web.origins.length
  if (problem !== null) return { problem }
  if (page.count < wanted) return { problem: `only ${page.count} of ${wanted} pages were fetched` }
  return { rate: wanted / spanSeconds(page), cpuSeconds: ran.cpuSeconds, peakRssBytes: ran.peakRssBytes }
}

/** @param {{ pages: number, hosts: number, repeat: number, allSettings: boolean, only: string | null }} options */
export async function measure({ pages, hosts, repeat, allSettings, only }) {
  const web = await startWeb({ kind: 'crawl', pages, pictures: null, hosts })
  try {
    const urls = web.origins.flatMap((origin) =>
      Array.from({ length: pages }, (_, id) => `${origin}/page/${id}.html`),
    )
    const bare = await bareFetchRate(urls, 16)
    /** @type {import('./contest.js').Contender[]} */
    const contenders = [
      { name: 'pairmill', label: 'frontier in PGlite', run: () => crawlWithPairmill(web, pages) },
    ]
    const peers = { scrapy: await scrapy(), crawlee: await crawlee() }
    for (const [name, peer] of Object.entries(peers)) {
      for (const setting of [...settings[name], ...(allSettings ? otherSettings[name] : [])]) {
        const run = async () =>
          'missing' in peer ? { problem: peer.missing } : crawlWithPeer(name, peer, setting, web, pages)
        contenders.push({ name, label: setting.label, run })
      }
    }
    const measured = await compete(contenders, { repeat, only })
    return sectionOf(measured, { pages, hosts, repeat, bare })
  } finally {
    await web.stop()
  }
}

/** @returns {import('./results.js').Section} */
function sectionOf(measured, { pages, hosts, repeat, bare }) {
  return {
    lines: linesOf(
      measured,
      { unit: 'pages', count: pages * hosts },
      { scrapy: { text: 'at least 2x', ratio: 2 } },
    ),
    notes: [
      `A site of ${pages} pages on ${hosts === 1 ? 'one host' : `each of ${hosts} hosts`}: 9 KB, 20 links, 10 captioned images a page; every program follows every link, writes every image/alt pair, obeys robots.txt, has no delay. Images are not fetched.`,
      `Pages over the time from the first to the last page request, median of ${repeat}; CPU seconds hold start and end. The server alone gives ${bare.toFixed(0)} pages/s to a bare fetch loop.`,
      'Scrapy parses with parsel/lxml, Crawlee is its CheerioCrawler. pairmill and the settings named "on disk" survive a kill; those in memory do not.',
    ],
  }
}
