import { randomFillSync } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { scanThreads } from '../dist/report/explore/vectors/scan-threads.js'
import { cache } from './places.js'

export const title = 'Explorer: a search among a million pictures'
/** Beside the clone; null = nothing. */
export const needs = null

const files = 100
const rows = 10_000
const dimensions = 512
const searches = 20
const aimMs = 500

/** A file of vectors as a shard has it, without its head: 16-bit floats between -1 and 1. */
async function writeVectors(path) {
  const file = await open(path, 'w')
  try {
    const chunk = new Uint16Array((rows * dimensions) / 10)
    for (let i = 0; i < 10; i += 1) {
      randomFillSync(chunk)
      // Sign and mantissa by chance, and the exponent of numbers from a quarter to a half.
      for (let j = 0; j < chunk.length; j += 1) chunk[j] = (chunk[j] & 0x83ff) | 0x3400
      await file.write(chunk)
    }
  } finally {
    await file.close()
  }
}

export async function measure() {
  await mkdir(cache, { recursive: true })
  const path = join(cache, 'explore-vectors')
  const scanner = scanThreads(2)
  try {
    await writeVectors(path)
    const begunMs = performance.now()
    for (let file = 0; file < files; file += 1)
      await scanner.load(file, { path, offset: 0, rows, dimensions })
    const loadMs = performance.now() - begunMs
    const tookMs = []
    for (let i = 0; i < searches; i += 1) {
      const query = Float32Array.from({ length: dimensions }, () => Math.random() - 0.5)
      const askedMs = performance.now()
      await scanner.search(query, 60)
      tookMs.push(performance.now() - askedMs)
    }
    const [median, longest] = [tookMs.sort((a, b) => a - b)[searches / 2], tookMs.at(-1)]
    return {
      lines: [
        {
          what: `the nearest of ${(files * rows).toLocaleString('en-US')} vectors of ${dimensions}, on two threads`,
          ...{ pairmill: `${median.toFixed(0)} ms`, other: '-', ratio: null },
          ...{ aim: `at most ${aimMs} ms`, met: median <= aimMs },
        },
      ],
      notes: [
        `Median of ${searches} searches, the longest ${longest.toFixed(0)} ms. To read the vectors and bring them to eight bits took ${(loadMs / 1000).toFixed(1)} s. A search compares all of them, and the best hundred of each thread again as they are stored.`,
      ],
    }
  } finally {
    await scanner.close()
    await rm(path, { force: true })
  }
}
