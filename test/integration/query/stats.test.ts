import { describe, expect, it, onTestFinished } from 'vitest'
import { renderStats } from '../../../src/cli/stats-text.js'
import { textWidth } from '../../../src/cli/text-width.js'
import { type DatasetStats, openTables, readStats } from '../../../src/query/index.js'
import type { PageRow } from '../../../src/records/index.js'
import {
  executePlan,
  folderStore,
  type PartRow,
  type Plan,
  partName,
  type Store,
  writePageFile,
  writePart,
} from '../../../src/shard/index.js'
import { writeOldShard } from '../../fixtures/query/datasets.js'
import {
  calm,
  keptRow,
  picture,
  planOf,
  rejectedRow,
  sha256,
  tempFolder,
} from '../../fixtures/shard/dataset-fixture.js'

async function statsOf(store: Store): Promise<DatasetStats> {
  const tables = await openTables([store], { scratch: await tempFolder() }, calm)
  if ('kind' in tables) throw new Error(tables.message)
  onTestFinished(tables.close)
  return await readStats(tables)
}

/** A committed dataset of these rows, in one shard. */
async function datasetOf(rows: readonly PartRow[]): Promise<Store> {
  const store = folderStore(await tempFolder())
  const part = await writePart(store, partName('b0', 'f00d'), rows, calm)
  const kept = [...rows.keys()].filter((row) => rows[row]?.image !== null)
  const plan: Plan = {
    ...(await planOf(store, [{ kept: 0, rejected: 0 }])),
    ...{ shards: 1, shardSize: 100 },
    parts: [
      {
        ...{ batch: 'b0', name: part.name, size: part.size, sha256: part.sha256, rows: part.rows },
        kept,
        losers: [],
      },
    ],
  }
  await executePlan({ store }, plan, () => {}, calm)
  return store
}

const page = (n: number, over: Partial<PageRow>): PageRow => ({
  ...{
    url: `http://a.test/${n}`,
    host: 'a.test',
    outcome: 'read',
    reason: null,
    detail: null,
    httpStatus: 200,
  },
  ...{ depth: 0, tries: 1, redirectTo: null, candidates: 4, permission: null, imagesRefusal: null },
  ...{ decidedAt: '2024-05-01T10:00:00.000Z', ...over },
})

describe('the figures of a dataset', { timeout: 60_000 }, () => {
  it('are those of its rows', async () => {
    const rows: PartRow[] = []
    for (let n = 0; n < 40; n++) {
      const clipScore = 0.2 + n / 200
      rows.push(
        keptRow(n, await picture(n), {
          ...{ clipScore, language: n < 30 ? 'en' : 'de', originalWidth: 100 * (n + 1), originalHeight: 400 },
          ...{
            pageUrl: `https://${n % 3}.example/p`,
            caption: 'x'.repeat(n + 1),
            phash: `${n === 1 ? 0 : n}`.padStart(16, '0'),
          },
          captions: [
            { source: 'alt', text: n % 2 === 0 ? 'x'.repeat(n + 1) : 'other', score: 0.1 },
            { source: 'title', text: 'x'.repeat(n + 1), score: clipScore },
          ],
        }),
      )
    }
    const repeats = (n: number, of: number): PartRow => {
      const { row } = rejectedRow(n, 'duplicate_exact')
      return {
        row: { ...row, sha256: sha256(`source ${of}`), duplicateOf: sha256(`source ${of}`) },
        image: null,
      }
    }
    rows.push(
      rejectedRow(100),
      rejectedRow(101, 'score_low'),
      repeats(102, 3),
      repeats(103, 3),
      repeats(104, 5),
    )
    const store = await datasetOf(rows)
    await writePageFile(
      store,
      {
        ...{ run: 'run-1', file: 0, createdAt: '2024-05-01T10:00:00.000Z' },
        rows: [
          page(0, {}),
          page(1, { candidates: 2 }),
          page(2, { outcome: 'refused', reason: 'robots', candidates: null }),
        ],
      },
      calm,
    )
    const stats = await statsOf(store)
    expect(stats).toMatchObject({
      shards: 1,
      funnel: {
        ...{ pages: 3, found: 6, candidates: 45, fetched: 43, scored: 40, kept: 40 },
        outcomes: [
          { name: 'read', count: 2 },
          { name: 'refused', count: 1 },
        ],
      },
      reasons: [
        { name: 'duplicate_exact', count: 3 },
        { name: 'http_4xx', count: 1 },
        { name: 'score_low', count: 1 },
      ],
      scores: { count: 40, min: 0.2, p25: 0.245, p50: 0.295, max: 0.395 },
      sides: { count: 40, min: 100, max: 400, p50: 400 },
      aspects: { min: 0.25, max: 10 },
      captionLengths: { min: 1, p50: 20, max: 40 },
      languages: [
        { name: 'en', count: 30 },
        { name: 'de', count: 10 },
      ],
      pageHosts: {
        hosts: 3,
        top: [{ name: '0.example', count: 14 }, { name: '1.example', count: 13 }, expect.anything()],
      },
      imageHosts: { hosts: 1, top: [{ name: 'img.example', count: 40 }] },
      captionSources: [
        { source: 'alt', captions: 20, texts: 40, meanScore: expect.closeTo(0.1) },
        { source: 'title', captions: 20, texts: 40, meanScore: expect.closeTo(0.2975) },
      ],
      duplicates: {
        ...{ groups: 2, rows: 3, samePhash: 2 },
        sizes: [
          { size: 2, groups: 1 },
          { size: 3, groups: 1 },
        ],
        largest: [
          { size: 3, caption: 'xxxx', key: expect.stringMatching(/^00000\d\d$/) },
          { size: 2, caption: 'xxxxxx', key: expect.any(String) },
        ],
      },
      thresholds: [0.25, 0.3, 0.35],
      scoreSpreads: [
        { language: null, count: 40, keeps: [0.75, 0.5, 0.25] },
        { language: 'en', count: 30, keeps: [expect.closeTo(2 / 3), expect.closeTo(1 / 3), 0] },
        { language: 'de', count: 10, keeps: [1, 1, 1] },
      ],
    })
    expect(stats.bytes.files).toBeGreaterThan(stats.bytes.tars)
    expect(stats.bytes.pictures).toBeLessThan(stats.bytes.tars)

    const text = renderStats('/d', stats, { unicode: true })
    for (const line of text.split('\n')) expect(textWidth(line)).toBeLessThanOrEqual(80)
    expect(text).toMatch(/all +75.0 % +50.0 % +25.0 %/)
  })

  it('of rows without scores, pages or languages have nothing to say of these', async () => {
    const row = { clipScore: null, modelId: null, language: null, embeddings: null }
    const stats = await statsOf(await datasetOf([keptRow(1, await picture(1), row)]))
    expect(stats).toMatchObject({
      scores: null,
      thresholds: [],
      scoreSpreads: [],
      languages: [{ name: 'und', count: 1 }],
    })
    expect(renderStats('/d', stats, { unicode: false })).not.toMatch(/Score|threshold|captions on them/)
  })

  it('are told of version 1, and of a dataset that kept nothing', async () => {
    const dir = await tempFolder()
    await writeOldShard(dir, 0, [
      {
        ...{ caption: 'c', url: 'http://a.test/1.jpg', key: '000000', status: 'success', width: 7 },
        ...{
          captions: [{ source: 'alt', text: 'c', score: 0.5 }],
          clip_score: 0.5,
          permission: null,
          tags: [],
        },
      },
    ])
    expect(await statsOf(folderStore(dir))).toMatchObject({
      funnel: { kept: 1, fetched: 0 },
      scores: { p50: 0.5 },
      captionSources: [{ source: 'alt', captions: 1 }],
      pageHosts: { hosts: 0, top: [{ name: null, count: 1 }] },
    })
    const nothing = folderStore(await tempFolder())
    await executePlan({ store: nothing }, await planOf(nothing, [{ kept: 0, rejected: 3 }]), () => {}, calm)
    const stats = await statsOf(nothing)
    expect(stats).toMatchObject({ funnel: { candidates: 3, kept: 0 }, scores: null, sides: null })
    expect(renderStats('/d', stats, { unicode: true })).toContain('Candidates rejected')
  })
})
