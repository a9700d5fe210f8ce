import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeArchives } from './archive-files.js'
import { runCommand } from './command.js'
import { compete, linesOf } from './contest.js'
import { cache, repo } from './places.js'
import { median } from './results.js'

export const title = 'Web archives: reading'
/** Beside the clone; null = nothing. */
export const needs = null
const limitMs = 5 * 60_000
const pages = 3_000

async function withReader(how, path, wanted, peaks) {
  const log = join(cache, `archive-${how}.log`)
  const ran = await runCommand(process.execPath, ['bench/archive-read.js', how, path], {
    limitMs,
    log,
    cwd: repo,
  })
  if (ran.code !== 0) return { problem: `${how} failed (see ${log})` }
  const read = JSON.parse((await readFile(log, 'utf8')).trim().split('\n').at(-1) ?? '')
  if (read.pages !== pages || read.images !== wanted)
    return { problem: `${how} read ${read.pages} pages with ${read.images} images` }
  peaks[how].push(ran.ownPeakRssBytes)
  return { rate: pages / (read.tookMs / 1000), cpuSeconds: ran.cpuSeconds, peakRssBytes: ran.ownPeakRssBytes }
}

/** @param {{ repeat: number, only: string | null }} options */
export async function measure({ repeat, only }) {
  const files = { WARC: join(cache, 'bench.warc.gz'), WAT: join(cache, 'bench.warc.wat.gz') }
  const { images } = await writeArchives(files.WARC, files.WAT, pages)
  const lines = []
  const notes = []
  const mib = (bytes) => `${((median(bytes) ?? 0) / 2 ** 20).toFixed(0)} MiB`
  for (const [kind, path] of Object.entries(files)) {
    const peaks = { reader: [], bare: [] }
    const parse = kind === 'WARC' ? 'gunzip, htmlparser2' : 'gunzip, JSON.parse'
    const contenders = [
      {
        name: 'pairmill',
        label: `its reader, ${kind}`,
        run: () => withReader('reader', path, images, peaks),
      },
      { name: 'a bare loop', label: `${kind}: ${parse}`, run: () => withReader('bare', path, images, peaks) },
    ]
    const measured = await compete(contenders, { repeat, only })
    const aims = { 'a bare loop': { text: 'at least 0.5x', ratio: 0.5 } }
    lines.push(...linesOf(measured, { unit: 'pages', count: pages }, aims))
    const { size } = await stat(path)
    notes.push(
      `${kind}: ${(size / pages / 1000).toFixed(1)} kB a page, packed. Most memory: ${mib(peaks.reader)}; the bare loop: ${mib(peaks.bare)}.`,
    )
  }
  await Promise.all(Object.values(files).map((path) => rm(path)))
  return {
    lines,
    notes: [
      `${pages.toLocaleString('en')} pages of 26 kB with 20 captioned images and 80 links each, three records a page, each a gzip member; median of ${repeat}. The reader checks sums and lengths, resolves and canonicalises URLs, obeys opt-outs, and knows behind each record where to go on.`,
      'What limits a run is elsewhere: at 3,000 WAT pages/s the reader finds 60,000 images a second, and a machine of this size fetches and judges some 200.',
      ...notes,
    ],
  }
}
