import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from './command.js'
import { compete, linesOf } from './contest.js'
import { cache, repo } from './places.js'
import { median } from './results.js'

export const title = 'Lists of images: reading'
/** Beside the clone; null = nothing. */
export const needs = null
const limitMs = 5 * 60_000
const rows = 1_000_000

async function writeList(path) {
  const file = createWriteStream(path)
  file.write('url,caption\n')
  for (let first = 0; first < rows; first += 1_000) {
    const some = Array.from(
      { length: 1_000 },
      (_, n) =>
        `http://host${n % 97}.test/pictures/${first + n}.jpg,"The picture, number ${first + n}, of a list"\n`,
    )
    if (!file.write(some.join(''))) await once(file, 'drain')
  }
  file.end()
  await once(file, 'finish')
}

async function withReader(how, path, peaks) {
  const log = join(cache, `lists-${how}.log`)
  const ran = await runCommand(process.execPath, ['bench/list-read.js', how, path], {
    limitMs,
    log,
    cwd: repo,
  })
  if (ran.code !== 0) return { problem: `${how} failed (see ${log})` }
  const read = JSON.parse((await readFile(log, 'utf8')).trim().split('\n').at(-1) ?? '')
  if (read.rows !== rows) return { problem: `${how} read ${read.rows} rows` }
  peaks[how].push(ran.ownPeakRssBytes)
  return { rate: rows / (read.tookMs / 1000), cpuSeconds: ran.cpuSeconds, peakRssBytes: ran.ownPeakRssBytes }
}

/** @param {{ repeat: number, only: string | null }} options */
export async function measure({ repeat, only }) {
  const path = join(cache, 'list.csv')
  await writeList(path)
  const peaks = { reader: [], bare: [] }
  const contenders = [
    { name: 'pairmill', label: 'its reader of lists', run: () => withReader('reader', path, peaks) },
    {
      name: 'a bare readline loop',
      label: 'lines cut at the first comma, nothing checked',
      run: () => withReader('bare', path, peaks),
    },
  ]
  const measured = await compete(contenders, { repeat, only })
  await rm(path)
  const mib = (bytes) => `${((median(bytes) ?? 0) / 2 ** 20).toFixed(0)} MiB`
  return {
    lines: linesOf(measured, { unit: 'rows', count: rows }, {}),
    notes: [
      `A csv of ${rows.toLocaleString('en')} rows, each a URL and a quoted caption; median of ${repeat}. The reader makes each URL canonical and each caption tidy.`,
      `Most memory: ${mib(peaks.reader)}; the bare loop: ${mib(peaks.bare)}. In a run the reader waits for the images, so its rate is what it costs, not what a run does.`,
    ],
  }
}
