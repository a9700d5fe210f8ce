import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sampleFields } from '../dist/shard/index.js'
import { ParquetFile } from '../dist/shard/parquet.js'
import { runCommand } from './command.js'
import { cache, repo } from './places.js'
import { unmeasured } from './results.js'

export const title = 'Questions to a dataset: a million rows'
/** Beside the clone; null = nothing. */
export const needs = null
const limitMs = 10 * 60_000
const shards = 100
const rowsInShard = 10_000
/** Of the rows of a shard. */
const keptInShard = 7_000
const maxRssBytes = 1e9

const hosts = 5_000
const words = 'a dog cat red house on the beach old man with two children playing near water photo of'.split(
  ' ',
)
const hex = (text) => createHash('sha256').update(text).digest('hex')

const empty =
  /** @type {Readonly<Record<keyof import('../dist/shard/sample-record.js').SampleRecord, null>>} */ (
    Object.fromEntries(sampleFields.map(([name]) => [name, null]))
  )

/** A row as a run writes it, of a million that are all different. `n`: its number in the dataset, `i`: in its shard. */
function rowOf(n, i, shard) {
  const sum = hex(`image ${n}`)
  const pick = (at, of) => Number.parseInt(sum.slice(at, at + 6), 16) % of
  const host = `host${pick(0, hosts)}.example`
  const text = Array.from({ length: 3 + pick(6, 12) }, (_, k) => words[pick(k, words.length)]).join(' ')
  const caption = `${text} ${n}`
  const isKept = i < keptInShard
  const score = 0.15 + pick(12, 2_000) / 10_000
  const heading = `A heading over picture ${pick(21, 5_000)}`
  const permission = {
    rule: 'robots:allow /',
    value: 'Allow: /',
    source: 'robots.txt',
    checked_at: '2026-01-02T03:04:05.678Z',
  }
  const url = `https://img.${host}/pictures/${n}.jpg`
  const page = `https://${host}/pages/${pick(18, 1_000)}`
  return {
    ...empty,
    ...{ caption, url, key: isKept ? `${shard}${String(i).padStart(4, '0')}` : null },
    ...{
      status: isKept ? 'success' : 'rejected',
      error_message: isKept ? null : ['score_low', 'duplicate_near', 'http_4xx'][n % 3],
    },
    ...{
      width: 256 + pick(3, 256),
      height: 256,
      original_width: 400 + pick(9, 3_000),
      original_height: 300 + pick(15, 2_000),
    },
    ...{ exif: '{}', sha256: sum, stored_sha256: isKept ? hex(`stored ${n}`) : null, page_url: page },
    captions: [
      { source: 'alt', text: caption, score },
      { source: 'context', text: heading, score: null },
    ],
    ...{ clip_score: score, model_id: 'clip-vit-base-patch32@1/pre1', phash: hex(`look ${n}`).slice(0, 16) },
    ...{ language: ['en', 'de', 'fr', 'und'][pick(24, 4)], licence_url: null, permission, tags: [] },
    ...{
      duplicate_of: !isKept && n % 3 === 1 ? hex(`image ${n - (n % 50)}`) : null,
      error_detail: null,
      page_permission: permission,
    },
    ...{ credit: null, uid: isKept ? sum.slice(0, 32) : null, page_host: host, image_host: `img.${host}` },
    ...{
      stored_bytes: isKept ? 16_000 + pick(27, 9_000) : null,
      fetched_at: '2026-01-02T03:05:06.789Z',
      caption_alt: caption,
      caption_context: heading,
    },
  }
}

/** A dataset without its tars: what is asked reads the parquet files alone. */
async function writeDataset(dir) {
  await rm(dir, { recursive: true, force: true })
  await mkdir(join(dir, '.pairmill/entries'), { recursive: true })
  for (let shard = 0; shard < shards; shard += 1) {
    const stem = String(shard).padStart(5, '0')
    const parquet = await ParquetFile.create(join(dir, `${stem}.parquet`), {
      name: 'samples',
      version: 2,
      fields: sampleFields,
    })
    for (let i = 0; i < rowsInShard; i += 1) await parquet.append(rowOf(shard * rowsInShard + i, i, stem))
    const sums = await parquet.finish()
    const entry = {
      ...{
        v: 2,
        run: 'bench',
        plan: shard,
        shard,
        shardSize: rowsInShard,
        samples: keptInShard,
        taken: [],
        rows: rowsInShard,
      },
      ...{ format: 'jpg', modelId: null, createdAt: '2026-01-02T03:04:05.678Z', reasons: {}, languages: {} },
      ...{
        files: [{ name: `${stem}.parquet`, ...sums }],
        scores: { width: 0.01, first: 0, kept: [], rejected: [] },
      },
    }
    await writeFile(join(dir, `.pairmill/entries/${stem}.json`), JSON.stringify(entry))
  }
}

const questions = [
  ['one aggregate', ['query', 'select language, count(*), avg(clip_score) from pairs group by 1']],
  [
    'a join of a hundred thousand repeats',
    [
      'query',
      'select p.key, count(*) from pairs p join rejected r on r.duplicate_of = p.sha256 group by 1 order by 2 desc limit 10',
    ],
  ],
  [
    'every pair in the order of its score',
    ['query', 'select key, uid, clip_score, caption, url from pairs order by clip_score desc, key', '--csv'],
  ],
  ['every column of every row, as JSON', ['query', 'select * from candidates', '--json']],
  ['stats', ['stats', '--json']],
  ['report', ['report', '--out', join(cache, 'report.html')]],
]

export async function measure() {
  const dir = join(cache, 'query-dataset')
  await writeDataset(dir)
  const lines = []
  for (const [what, [command, ...words]] of questions) {
    const log = join(cache, 'query.log')
    const ran = await runCommand(process.execPath, ['dist/cli/main.js', command, dir, ...words], {
      limitMs,
      log,
      cwd: repo,
    })
    const aim = 'at most 1 GB'
    const name = `${what}, ${(shards * rowsInShard).toLocaleString('en-US')} rows: time and memory`
    if (ran.code !== 0) {
      lines.push(unmeasured(name, aim, `it ended with ${ran.code}, see ${log}`))
      continue
    }
    const seconds = (ran.endMs - ran.startMs) / 1000
    const mb = (ran.ownPeakRssBytes / 1e6).toFixed(0)
    lines.push({
      ...{ what: name, pairmill: `${seconds.toFixed(1)} s, ${mb} MB`, other: '-', ratio: null, aim },
      met: ran.ownPeakRssBytes <= maxRssBytes,
    })
    console.log(' ', lines.at(-1))
  }
  await rm(dir, { recursive: true, force: true })
  await rm(join(cache, 'report.html'), { force: true })
  return {
    lines,
    notes: [
      `A synthetic dataset of ${shards} shards of ${rowsInShard.toLocaleString('en-US')} rows, ${(100 * keptInShard) / rowsInShard} % kept, without tars; what is printed goes to a file. Start of the program counts.`,
      'Memory is the most that the process held, sampled twice a second; DuckDB itself may hold 512 MB of it.',
    ],
  }
}
