import { cp, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { folderStore, readManifest } from '../dist/shard/index.js'
import { runCommand } from './command.js'
import { writeDataset } from './dataset.js'
import { cache, repo } from './places.js'
import { unmeasured } from './results.js'

export const title = 'Curate: a dataset of a dataset'
/** Beside the clone; null = nothing. */
export const needs = null
const limitMs = 10 * 60_000
const calm = new AbortController().signal

async function curate(dir, out, words) {
  await rm(out, { recursive: true, force: true })
  const log = join(cache, 'curate.log')
  const call = ['dist/cli/main.js', 'curate', dir, '--out', out, ...words]
  const ran = await runCommand(process.execPath, call, { limitMs, log, cwd: repo })
  if (ran.code !== 0) throw new Error(`curate ended with ${ran.code}, see ${log}`)
  return { seconds: (ran.endMs - ran.startMs) / 1000, mb: ran.ownPeakRssBytes / 1e6 }
}

/** Copies all files and has them on the disk, as a dataset is that was written. */
async function copySeconds(dir, out) {
  await rm(out, { recursive: true, force: true })
  const begun = performance.now()
  await cp(dir, out, { recursive: true })
  for (const entry of await readdir(out, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const handle = await open(join(entry.parentPath, entry.name))
    await handle.sync()
    await handle.close()
  }
  return (performance.now() - begun) / 1000
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const large = { samples: 16_000, shardSize: 4_000, bytes: 60_000 }
const sizes = [10_000, 200_000]

export async function measure({ repeat }) {
  const [dir, out] = [join(cache, 'curate-from'), join(cache, 'curate-to')]
  await mkdir(cache, { recursive: true })
  const lines = []
  const add = (line) => {
    lines.push(line)
    console.log(' ', line)
  }
  try {
    await writeDataset(dir, large)
    const { bytes } = await readManifest(folderStore(dir), calm)
    const [copies, wholes, shuffles] = [[], [], []]
    for (let i = 0; i < repeat; i += 1) {
      copies.push(await copySeconds(dir, out))
      wholes.push((await curate(dir, out, [])).seconds)
      shuffles.push((await curate(dir, out, ['--shuffle', '1'])).seconds)
    }
    const rate = (seconds) => bytes / 1e6 / median(seconds)
    for (const [what, seconds] of [
      ['all pairs kept, in their order', wholes],
      ['all pairs kept, shuffled', shuffles],
    ]) {
      const ratio = rate(seconds) / rate(copies)
      add({
        ...{ what: `${what}, against copying the files`, pairmill: `${rate(seconds).toFixed(0)} MB/s` },
        ...{ other: `${rate(copies).toFixed(0)} MB/s`, ratio, aim: 'at least 0.5x', met: ratio >= 0.5 },
      })
    }
    const peaks = []
    for (const samples of sizes) {
      await writeDataset(dir, { samples, shardSize: 10_000, bytes: 2_000 })
      peaks.push((await curate(dir, out, ['--shuffle', '1'])).mb)
    }
    const [few, many] = sizes.map((samples) => samples.toLocaleString('en-US'))
    add({
      ...{ what: `memory, ${many} samples against ${few}`, pairmill: `${peaks[1].toFixed(0)} MB` },
      ...{ other: `${peaks[0].toFixed(0)} MB`, ratio: peaks[1] / peaks[0], aim: 'at most 1.5x' },
      met: peaks[1] <= 1.5 * peaks[0],
    })
  } catch (error) {
    lines.push(unmeasured('curate', 'none', String(error)))
  } finally {
    for (const folder of [dir, out]) await rm(folder, { recursive: true, force: true })
  }
  return {
    lines,
    notes: [
      `${large.samples.toLocaleString('en-US')} pairs of ${large.bytes / 1000} kB in four shards, with embeddings. Copying ends when the copies are synced, as curate's files are; curate also reads, checks and sums each image, and writes every file but the image's bytes anew. Start of the program counts.`,
    ],
  }
}
