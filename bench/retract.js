import { createHash, randomBytes } from 'node:crypto'
import { cp, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setReportAside } from '../dist/report/index.js'
import { namedOf, retract } from '../dist/retract/index.js'
import {
  compileDataset,
  executePlan,
  folderStore,
  partName,
  writePart,
  writePlan,
} from '../dist/shard/index.js'
import { cache } from './places.js'

export const title = 'Taking back: one sample of a hundred shards'
/** Beside the clone; null = nothing. */
export const needs = null

const shards = 100
const samples = 300
/** Rejected rows of a shard. */
const rejected = 100
const imageBytes = 16_000
/** One sample of each shard lies on it. */
const everywhere = 'everywhere.example'
const calm = new AbortController().signal
const hex = (text) => createHash('sha256').update(text).digest('hex')

function rowOf(n, image) {
  const isKept = image !== null
  const host = isKept && n % (samples + rejected) === 0 ? everywhere : `host${n % 997}.example`
  const caption = `a picture of an old mill by the river, number ${n}`
  const permission = {
    rule: 'robots:none',
    value: null,
    source: 'robots.txt',
    checkedAt: '2026-01-02T03:04:05.678Z',
  }
  const sha256 = hex(`image ${n}`)
  return {
    ...{
      caption,
      url: `https://img.${host}/${n}.jpg`,
      reason: isKept ? null : /** @type {const} */ ('score_low'),
      detail: null,
    },
    ...{
      width: isKept ? 256 : null,
      height: isKept ? 256 : null,
      originalWidth: 800,
      originalHeight: 600,
      exif: '{}',
    },
    ...{ sha256, storedSha256: isKept ? createHash('sha256').update(image).digest('hex') : null },
    ...{
      uid: isKept ? sha256.slice(0, 32) : null,
      embeddings: isKept ? randomBytes(2 * 2 * 512).toString('base64') : null,
    },
    ...{ fetchedAt: '2026-01-02T03:05:06.789Z', pageUrl: `https://${host}/pages/${n}` },
    ...{
      captions: [{ source: /** @type {const} */ ('alt'), text: caption, score: 0.3 }],
      clipScore: 0.3,
      modelId: 'bench',
    },
    ...{
      phash: hex(`look ${n}`).slice(0, 16),
      language: 'en',
      licenceUrl: null,
      permission,
      pagePermission: permission,
    },
    ...{ tags: [], duplicateOf: null },
  }
}

/** A dataset of a hundred shards, whose pictures are noise. */
async function writeDataset(dir) {
  await rm(dir, { recursive: true, force: true })
  await mkdir(dir, { recursive: true })
  const store = folderStore(dir)
  for (let at = 0; at < shards; at += 1) {
    const rows = Array.from({ length: samples + rejected }, (_, i) => {
      const bytes = i < samples ? randomBytes(imageBytes) : null
      const row = rowOf(at * (samples + rejected) + i, bytes)
      return { row, image: bytes === null ? null : { bytes, format: /** @type {const} */ ('jpg') } }
    })
    const part = await writePart(store, partName(`b${at}`, 'f00d'), rows, calm)
    const kept = Array.from({ length: samples }, (_, i) => i)
    const plan = {
      ...{
        v: /** @type {const} */ (1),
        run: 'run',
        plan: at,
        createdAt: '2026-01-02T03:04:05.678Z',
        firstShard: at,
        shards: 1,
      },
      ...{ shardSize: samples, seed: 'seed', format: /** @type {const} */ ('jpg'), modelId: 'bench' },
      parts: [
        {
          batch: `b${at}`,
          name: part.name,
          size: part.size,
          sha256: part.sha256,
          rows: part.rows,
          kept,
          losers: [],
        },
      ],
    }
    await writePlan(store, plan, calm)
    await executePlan({ store }, plan, () => {}, calm)
    await store.remove(part.name, calm)
  }
  const info = {
    run: 'run',
    complete: true,
    options: {},
    optionsDigest: 'd',
    threshold: null,
    uids: /** @type {const} */ ('content'),
  }
  await compileDataset(store, info, calm)
}

/** Milliseconds, and the report. The program's start is not among them: it is the same for both. */
async function timed(dir, kind, value) {
  const held = {
    kind: /** @type {const} */ ('held'),
    store: folderStore(dir),
    hub: null,
    privateDir: null,
    signal: calm,
    close: async () => {},
  }
  const named = namedOf(kind, value)
  if ('problem' in named) throw new Error(named.problem)
  const wish = {
    named: [named],
    reason: 'bench',
    isDryRun: false,
    at: new Date().toISOString(),
  }
  const began = performance.now()
  const report = await retract(held, wish, { onStep: () => {}, setReportAside })
  if (!('counts' in report)) throw new Error(`refused: ${JSON.stringify(report)}`)
  return { ms: performance.now() - began, report }
}

export async function measure({ repeat }) {
  const [source, dir] = ['retract-source', 'retract'].map((name) => join(cache, name))
  await writeDataset(source)
  const ones = []
  const alls = []
  const rounds = Math.max(1, Math.min(repeat, 3))
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const { times, kind, value } of [
        { times: ones, kind: 'sha256', value: hex('image 7') },
        { times: alls, kind: 'host', value: everywhere },
      ]) {
        await rm(dir, { recursive: true, force: true })
        await cp(source, dir, { recursive: true })
        const { ms, report } = await timed(dir, kind, value)
        console.log(`  ${kind}: ${ms.toFixed(0)} ms`, report.counts, report.rewritten)
        times.push(ms)
      }
    }
  } finally {
    for (const folder of [source, dir]) await rm(folder, { recursive: true, force: true })
  }
  return sectionOf(median(ones), median(alls))
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** @returns {import('./results.js').Section} */
function sectionOf(one, all) {
  const megabytes = Math.round((shards * samples * imageBytes) / 1e6)
  return {
    lines: [
      {
        what: `one sample of ${shards} shards taken back (${megabytes} MB), beside one of each shard`,
        pairmill: `${(one / 1_000).toFixed(2)} s`,
        other: `${(all / 1_000).toFixed(2)} s`,
        ratio: one / all,
        aim: 'at most 0.05x',
        met: one <= 0.05 * all,
      },
    ],
    notes: [
      `A dataset in a folder of ${shards} shards with ${samples} pairs of ${imageBytes / 1_000} kB and ${rejected} rejected rows each, with embeddings, and no database. Both search every row. In the one case a sha256 is named, of which one shard is written anew; in the other a host that has a pair in each shard, so that all are. The host is looked for in six columns, the sha256 in one. The start of the program is not counted. Median of the rounds, in turn, each on a fresh copy.`,
    ],
  }
}
