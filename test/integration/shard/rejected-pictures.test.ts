import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { type BatchDeps, createDevelopThreads, filterBatch } from '../../../src/filter/index.js'
import { noRefusals } from '../../../src/records/index.js'
import {
  compileDataset,
  executePlan,
  folderStore,
  type PartRow,
  verifyDataset,
} from '../../../src/shard/index.js'
import { createSemaphore } from '../../../src/timing/index.js'
import { sceneOf } from '../../fixtures/filter/hostile.js'
import { defaultFilterOptions, inputOf } from '../../fixtures/filter/options.js'
import {
  bytesUnder,
  calm,
  datasetInfo,
  picturesIn,
  planOfRows,
  tempFolder,
} from '../../fixtures/shard/dataset-fixture.js'

const threads = createDevelopThreads({ atOnce: 4 })
const decoding = createSemaphore(() => 4)
afterAll(() => threads.close())

/** Where a good pair, one of a low score, a small picture and a long one lie in a batch. */
const kinds = ['good', 'low', 'small', 'long'] as const
const sizes = { good: [320, 240], low: [300, 260], small: [100, 90], long: [700, 210] } as const

const scoreOf: BatchDeps['score'] = async (pairs) =>
  pairs.map(({ captions }) => ({
    cosines: captions.map((text) => (text.includes('low') ? 0.1 : 0.3)),
    embedding: Float32Array.of(1, 0),
    texts: captions.map(() => Float32Array.of(0.3, Math.sqrt(1 - 0.09))),
  }))

/** Rows of a batch of real pictures, seven of each kind, no two alike. */
async function judged(batch: number): Promise<PartRow[]> {
  const bodies = await Promise.all(
    kinds.flatMap((kind) =>
      Array.from({ length: 7 }, async (_, i) => {
        const [width, height] = sizes[kind]
        const bytes = await sceneOf(width + 7 * batch + i, height)
          .jpeg()
          .toBuffer()
        return {
          url: `http://img.test/${batch}/${kind}/${i}`,
          caption: `a ${kind} picture, number ${i}`,
          bytes,
        }
      }),
    ),
  )
  const { rows } = await filterBatch(
    {
      fetchImage: async (url, _attempts, inspect) => {
        const bytes = Uint8Array.from(bodies.find((body) => body.url === url)!.bytes)
        const stopped = inspect(bytes) === 'stop'
        return { kind: 'bytes', from: url, bytes, stopped, permission: null }
      },
      ...{ develop: threads.develop, developApart: threads.develop, preprocessing: inputOf(8) },
      ...{ score: scoreOf, tagger: null, modelId: 'told', modelThreshold: 0.25 },
      decoding,
      now: () => 0,
      findDuplicates: async () => [],
      refusals: async () => noRefusals,
      captionCounts: async (texts) => texts.map(() => 1),
    },
    bodies.map(({ url, caption }, id) => ({
      ...{ id, attempts: 0 },
      body: {
        ...{ imageUrl: url, fallbackUrls: [], captions: [{ source: 'alt', text: caption } as const] },
        ...{ pageUrl: 'http://a.test/', pageLanguage: null, licenceUrl: null },
      },
    })),
    { ...defaultFilterOptions, minBytes: 0 },
    calm,
  )
  return rows.map(({ row, image }) => ({ row, image }))
}

describe('pictures of what was rejected, from the batch to the dataset', { timeout: 120_000 }, () => {
  it('are four of a reason and batch, sixteen of a plan, and are found sound', async () => {
    const parts: PartRow[][] = []
    for (let batch = 0; batch < 5; batch++) parts.push(await judged(batch))
    const low = parts.map((rows) => rows.filter(({ row }) => row.reason === 'score_low'))
    expect(low.map((rows) => rows.filter(({ row }) => row.thumbnail !== undefined).length)).toEqual([
      ...[4, 4, 4, 4, 4],
    ])

    const dir = await tempFolder()
    const store = folderStore(dir)
    const plan = await planOfRows(store, parts, { modelId: 'told' })
    await executePlan({ store }, plan, () => {}, calm)
    await compileDataset(store, datasetInfo, calm)
    expect(await verifyDataset(store, () => {}, calm)).toMatchObject({ problems: [], samples: 35, rows: 140 })

    const pictures = await picturesIn(join(dir, 'rejected/00000.tar'))
    const reasons = pictures.map(({ row }) => row.error_message)
    for (const reason of ['aspect', 'score_low', 'side_small']) {
      expect(reasons.filter((one) => one === reason)).toHaveLength(16)
    }
    expect(pictures).toHaveLength(48)
    for (const { row, webp } of pictures) {
      const { width, height } = await sharp(webp).metadata()
      // Of pictures that were not stored the row has the size in its detail alone.
      const [fullWidth = 0, fullHeight = 0] =
        row.original_width === null
          ? String(row.error_detail).split(' x ').map(Number)
          : [Number(row.original_width), Number(row.original_height)]
      const scale = Math.min(1, 160 / Math.max(fullWidth, fullHeight))
      expect(Math.abs(width - fullWidth * scale)).toBeLessThanOrEqual(1)
      expect(Math.abs(height - fullHeight * scale)).toBeLessThanOrEqual(1)
    }

    const again = await tempFolder()
    await planOfRows(folderStore(again), parts, { modelId: 'told' })
    await executePlan({ store: folderStore(again) }, plan, () => {}, calm)
    const tar = 'rejected/00000.tar'
    expect((await bytesUnder(again)).get(tar)).toBe((await bytesUnder(dir)).get(tar))
  })
})
