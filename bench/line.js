import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { boxedModel } from './clip.js'
import { runPairmill } from './pairmill.js'
import { makePictures } from './pictures.js'
import { cache } from './places.js'
import { startWeb } from './web.js'

export const title = 'Whole line: from seed URL to verified shards'
/** Beside the clone; null = nothing. */
export const needs = null

const size = { width: 640, height: 480 }
const megabyte = 1e6

/** One whole run over a site of this many pages. */
async function runLine(pages, pictures, hosts, model) {
  const web = await startWeb({ kind: 'line', pages, pictures, hosts })
  try {
    const seeds = web.origins.map((origin) => `${origin}/page/0.html`)
    // Every score is kept: noise pictures fit no caption, and the work is the same for a pair that is dropped.
    const flags = ['--model', model, '--threshold', '-1', '--shard-size', '1000', '--concurrency', '16']
    const { ran, counters, problem } = await runPairmill(`line-${pages}`, {
      seeds,
      flags,
      limitMs: 20 * 60_000,
    })
    const kept = counters.kept ?? 0
    const seconds = (ran.endMs - ran.startMs) / 1000
    const figures = {
      pages: counters.pages ?? 0,
      kept,
      seconds,
      keptPerSecond: kept / seconds,
      cpuPer1000: (ran.cpuSeconds / kept) * 1000,
      peakRssMb: ran.peakRssBytes / megabyte,
      ownPeakRssMb: ran.ownPeakRssBytes / megabyte,
    }
    console.log(`  ${pages} pages:`, problem ?? figures, counters)
    return problem === null && kept > 0 ? figures : { problem: problem ?? 'no pair was kept' }
  } finally {
    await web.stop()
  }
}

const none = { ratio: null, aim: 'none', met: null }

/**
 * @param {{ linePages: readonly number[], hosts: number, model: string | null }} options
 * @returns {Promise<import('./results.js').Section>}
 */
export async function measure({ linePages: [few, many], hosts, model: given }) {
  const model = given ?? boxedModel
  const notes = [
    `Sites of ${few} and ${many} pages: 9 KB, 20 links, 10 images a page, one of which (${size.width} x ${size.height}, 31 KB, no two alike) passes the rules; icons and thumbnails are refused for their captions. Near dedupe on, ${given === null ? 'the model of the demo' : 'a model that was given'}, threshold -1, so that every scored pair is kept; shards of 1,000.`,
    'From start to exit, making the database included; CPU of all its processes; memory sampled twice a second. The database is made by a child that is gone before the crawl begins, so growth is measured on the process alone.',
  ]
  if (!existsSync(model)) {
    notes.push(`Not measured: there is no folder ${model}.`)
    return { lines: [], notes }
  }
  const pictures = join(cache, 'pictures-vga')
  await makePictures(pictures, many, size)
  const small = await runLine(few, pictures, hosts, model)
  const large = 'problem' in small ? small : await runLine(many, pictures, hosts, model)
  if ('problem' in small || 'problem' in large) {
    notes.push(`Not measured: ${large.problem}.`)
    return { lines: [], notes }
  }
  const growth = (what, pick, digits) => ({
    what,
    pairmill: `${pick(large).toFixed(digits)} at ${many} pages`,
    other: `${pick(small).toFixed(digits)} at ${few} pages`,
    ratio: pick(large) / pick(small),
    aim: 'none',
    met: null,
  })
  const grown = large.ownPeakRssMb / small.ownPeakRssMb
  return {
    lines: [
      growth('kept pairs per second', (run) => run.keptPerSecond, 1),
      growth('CPU seconds per 1,000 kept pairs', (run) => run.cpuPer1000, 1),
      {
        ...growth('peak RSS of the process, MB', (run) => run.ownPeakRssMb, 0),
        aim: 'does not grow with pages (at most 1.15x)',
        met: grown <= 1.15,
      },
      {
        ...none,
        what: 'peak RSS with its short-lived children, MB',
        pairmill: `${Math.max(small.peakRssMb, large.peakRssMb).toFixed(0)}`,
        other: '1,000',
        ratio: Math.max(small.peakRssMb, large.peakRssMb) / 1000,
        aim: 'under 1 GB',
        met: Math.max(small.peakRssMb, large.peakRssMb) < 1000,
      },
    ],
    notes,
  }
}
