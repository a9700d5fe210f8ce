import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { boxedModel } from './clip.js'
import { runPairmill } from './pairmill.js'
import { makePictures } from './pictures.js'
import { cache } from './places.js'
import { median, unmeasured } from './results.js'
import { startWeb } from './web.js'

export const title = 'What is written beside the pairs: embeddings, indices, pictures of what was rejected'
/** Beside the clone; null = nothing. */
export const needs = null

const pages = 1000
const size = { width: 640, height: 480 }
const limitMs = 20 * 60_000
const without = ['--embeddings', 'off', '--rejected-pictures', 'off']

/** @param {string} origin @param {number} threshold @param {readonly string[]} more */
async function runLine(origin, threshold, more) {
  const flags = ['--model', boxedModel, '--threshold', String(threshold), '--shard-size', '200', ...more]
  const seeds = [`${origin}/page/0.html`]
  const { ran, out, problem } = await runPairmill('written', { seeds, flags, limitMs })
  if (problem !== null) return { problem }
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))
  return { cpuSeconds: ran.cpuSeconds, manifest }
}

/** The score that half of the judged pairs reach. */
function middleScore({ first, width, kept }) {
  const half = kept.reduce((sum, count) => sum + count, 0) / 2
  let seen = 0
  const bin = kept.findIndex((count) => {
    seen += count
    return seen >= half
  })
  return (first + bin) * width
}

/** Bytes of a dataset's files by what they are, for each pair that it holds. */
function bytesAPair({ samples, shards }) {
  /** @type {readonly (readonly [string, RegExp])[]} */
  const kinds = [
    ['tars', /^\d+\.tar$/],
    ['parquet', /^\d+\.parquet$/],
    ['embeddings', /^(?:img_emb|text_emb|metadata)\//],
    ['indices', /\.tar\.idx$/],
    ['pictures of what was rejected', /^rejected\//],
  ]
  const files = shards.flatMap((shard) => shard.files)
  return kinds.map(([kind, pattern]) => {
    const bytes = files.reduce((sum, file) => sum + (pattern.test(file.name) ? file.size : 0), 0)
    return { kind, bytes: bytes / samples }
  })
}

/**
 * @param {{ repeat: number }} options
 * @returns {Promise<import('./results.js').Section>}
 */
export async function measure({ repeat }) {
  const pictures = join(cache, 'pictures-vga')
  await makePictures(pictures, pages, size)
  const web = await startWeb({ kind: 'line', pages, pictures, hosts: 1 })
  const rounds = { all: [], none: [] }
  try {
    const [origin] = web.origins
    const every = await runLine(origin, -1, without)
    if ('problem' in every) return { lines: [unmeasured(title, 'at most 1.03x', every.problem)], notes: [] }
    const threshold = middleScore(every.manifest.scores)
    for (let round = 0; round < repeat; round++) {
      for (const [name, more] of Object.entries({ all: [], none: without })) {
        await web.reset()
        const run = await runLine(origin, threshold, more)
        if ('problem' in run) return { lines: [unmeasured(title, 'at most 1.03x', run.problem)], notes: [] }
        console.log(`  ${name}:`, run.cpuSeconds.toFixed(2), 'CPU s')
        rounds[name].push(run)
      }
    }
  } finally {
    await web.stop()
  }
  const cpu = (name) => median(rounds[name].map((run) => run.cpuSeconds))
  const ratio = median(rounds.all.map((run, i) => run.cpuSeconds / rounds.none[i].cpuSeconds))
  const { manifest } = rounds.all[0]
  const perPair = bytesAPair(manifest)
  const tarBytes = perPair[0].bytes
  return {
    lines: [
      {
        what: 'CPU seconds of a run, with all of it and without',
        pairmill: cpu('all').toFixed(2),
        other: cpu('none').toFixed(2),
        ratio,
        aim: 'at most 1.03x',
        met: ratio <= 1.03,
      },
      ...perPair.slice(1).map(({ kind, bytes }) => ({
        what: `bytes a pair: ${kind}, beside the tars`,
        pairmill: `${bytes.toFixed(0)} B`,
        other: `${tarBytes.toFixed(0)} B`,
        ratio: bytes / tarBytes,
        aim: 'none',
        met: null,
      })),
    ],
    notes: [
      `A site of ${pages} pages with a picture of ${size.width} x ${size.height} each, the demo's model (${manifest.shards.length} shards of up to 200); the threshold is such that half of the pairs are kept, ${manifest.samples} of them, so that every batch has pictures of what was rejected. ${repeat} rounds in turn.`,
      'Without: `--embeddings off --rejected-pictures off`. The index of a tar is written by both: eight bytes a pair.',
    ],
  }
}
