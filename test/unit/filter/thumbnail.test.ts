import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { developPicture } from '../../../src/filter/develop.js'
import { type BatchDeps, type FilterOptions, filterBatch } from '../../../src/filter/index.js'
import type { Row } from '../../../src/records/index.js'
import { noRefusals } from '../../../src/records/index.js'
import { sceneOf } from '../../fixtures/filter/hostile.js'
import { defaultFilterOptions, inputOf } from '../../fixtures/filter/options.js'

const never = new AbortController().signal
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** What lies at a URL; `caption`: `bad` scores low, anything else well. */
interface Offered {
  readonly url?: string
  readonly bytes: Buffer
  readonly caption?: string
  /** Bytes that come before the head is looked at, as a socket gives them. */
  readonly firstBytes?: number
}

const low = 'a bad caption'

/** Rows of a batch that offers these pictures, at /0, /1 and so on. */
async function rowsOf(
  offered: readonly Offered[],
  options: Partial<FilterOptions> = {},
  deps: Partial<BatchDeps> = {},
): Promise<readonly Row[]> {
  const pathOf = (at: number) => offered[at]?.url ?? `http://img.test/${at}`
  const { rows } = await filterBatch(
    {
      fetchImage: async (url, _attempts, inspect) => {
        const found = offered.find((_, at) => pathOf(at) === url)
        if (found === undefined) throw new Error(`nobody offers ${url}`)
        const { bytes, firstBytes = 64_000 } = found
        const first = bytes.subarray(0, firstBytes)
        const stopped = inspect(first) === 'stop'
        return { kind: 'bytes', from: url, bytes: stopped ? first : bytes, stopped, permission: null }
      },
      develop: developPicture,
      developApart: () => Promise.reject(new Error('nothing is suspected')),
      preprocessing: inputOf(2),
      decoding: (work) => work(),
      now: () => 0,
      score: async (pairs) =>
        pairs.map(({ captions }) => ({
          cosines: captions.map((text) => (text === low ? 0.1 : 0.3)),
          embedding: Float32Array.of(1, 0),
          texts: captions.map(() => Float32Array.of(1, 0)),
        })),
      tagger: null,
      modelId: 'model/1',
      modelThreshold: 0.25,
      findDuplicates: async () => [],
      refusals: async () => noRefusals,
      captionCounts: async (texts) => texts.map(() => 1),
      ...deps,
    },
    offered.map(({ caption = 'a good caption' }, at) => ({
      id: at,
      attempts: 0,
      body: {
        ...{ imageUrl: pathOf(at), fallbackUrls: [], captions: [{ source: 'alt', text: caption } as const] },
        ...{ pageUrl: 'http://a.test/', pageLanguage: null, licenceUrl: null },
      },
    })),
    { ...defaultFilterOptions, ...options },
    never,
  )
  return rows.map(({ row }) => row)
}

/** Photos of a size that no two share. */
const photos = (count: number, width: number, height: number) =>
  Promise.all(
    Array.from({ length: count }, (_, i) =>
      sceneOf(width + i, height)
        .jpeg()
        .toBuffer(),
    ),
  )

const bytesOf = (row: Row | undefined) => Buffer.from(row?.thumbnail ?? '', 'base64')
const pictured = (rows: readonly Row[]) =>
  rows.filter(({ thumbnail }) => thumbnail !== undefined && thumbnail !== null)

describe('small pictures of what a batch rejects', () => {
  it('are WebP of at most 160 pixels, in the ratio of the picture, without metadata', async () => {
    const [wide] = await photos(1, 640, 480)
    const tall = await sceneOf(300, 600)
      .withMetadata({ exif: { IFD0: { ImageDescription: 'where it was taken' } } })
      .jpeg()
      .toBuffer()
    const rows = await rowsOf([wide!, tall].map((bytes) => ({ bytes, caption: low })))
    const heads = await Promise.all(rows.map((row) => sharp(bytesOf(row)).metadata()))
    expect(rows.map(({ reason }) => reason)).toEqual(['score_low', 'score_low'])
    expect(
      heads.map(({ format, width, height, exif, icc, xmp }) => [format, width, height, exif, icc, xmp]),
    ).toEqual([
      ['webp', 160, 120, undefined, undefined, undefined],
      ['webp', 80, 160, undefined, undefined, undefined],
    ])
  })

  it('are made of those with the lowest hashes alone, four a reason', async () => {
    const offered = [
      ...(await photos(7, 300, 240)).map((bytes) => ({ bytes, caption: low })),
      ...(await photos(6, 90, 70)).map((bytes) => ({ bytes })),
    ]
    let developed = 0
    const develop: BatchDeps['develop'] = (...given) => {
      developed++
      return developPicture(...given)
    }
    const rows = await rowsOf(offered, { minBytes: 0 }, { develop })
    for (const reason of ['score_low', 'side_small']) {
      const all = rows.filter((row) => row.reason === reason)
      const lowest = all
        .map((row) => row.sha256)
        .toSorted()
        .slice(0, 4)
      expect(
        pictured(all)
          .map((row) => row.sha256)
          .toSorted(),
      ).toEqual(lowest)
    }
    expect(developed).toBe(7 + 4 + 4)
  })

  it('are not enlarged, and show what was refused by its head where it had come whole', async () => {
    const small = await sceneOf(90, 70).jpeg().toBuffer()
    const long = await sceneOf(700, 70).jpeg().toBuffer()
    const light = await sharp({ create: { width: 300, height: 300, channels: 3, background: 'red' } })
      .png()
      .toBuffer()
    const rows = await rowsOf([{ bytes: small }, { bytes: long }, { bytes: light }], { minSide: 71 })
    expect(rows.map(({ reason }) => reason)).toEqual(['side_small', 'side_small', 'bytes_small'])
    expect(rows.map((row) => row.sha256)).toEqual([small, long, light].map(sha256))
    const sizes = await Promise.all(rows.map(async (row) => sharp(bytesOf(row)).metadata()))
    expect(sizes.map(({ width, height }) => [width, height])).toEqual([
      [90, 70],
      [160, 16],
      [160, 160],
    ])
  })

  it('are not there of what came in part: no more is fetched for them', async () => {
    const bytes = await sceneOf(190, 190).jpeg({ quality: 100 }).toBuffer()
    const [row] = await rowsOf([{ bytes, firstBytes: 2_000 }])
    expect(row).toMatchObject({ reason: 'side_small', sha256: null })
    expect(row).not.toHaveProperty('thumbnail')
  })

  it('are not there of what is held no longer: a file of over 64 KiB that was refused by its head', async () => {
    const bytes = await sceneOf(199, 590).png({ compressionLevel: 0 }).toBuffer()
    const [row] = await rowsOf([{ bytes, firstBytes: bytes.length }])
    expect(row).toMatchObject({ reason: 'side_small', sha256: sha256(bytes) })
    expect(row).not.toHaveProperty('thumbnail')
  })

  it('are not there of what a concept refuses too, though its score was low', async () => {
    const offered = (await photos(2, 300, 240)).map((bytes) => ({ bytes, caption: low }))
    for (const reason of ['concept_dropped', 'concept_missing'] as const) {
      const tagger = { judge: () => ({ tags: [], rejected: { reason, detail: 'ex' } }) }
      const rows = await rowsOf(offered, {}, { tagger })
      expect(rows.map((row) => row.reason)).toEqual(['score_low', 'score_low'])
      expect(pictured(rows)).toEqual([])
    }
  })

  it('are not there of what a list refuses by its look, which a file refused by its head shows here first', async () => {
    const offered = (await photos(2, 90, 70)).map((bytes) => ({ bytes }))
    const refusals: BatchDeps['refusals'] = async () => ({ ...noRefusals, ofPhash: () => 'listed' })
    const rows = await rowsOf(offered, { minBytes: 0 }, { refusals })
    expect(rows.map(({ reason }) => reason)).toEqual(['side_small', 'side_small'])
    expect(pictured(rows)).toEqual([])
  })

  it('are not there of duplicates, of what is kept, nor of what cannot be decoded', async () => {
    const [one, two, three] = await photos(3, 300, 240)
    const broken = Buffer.concat([
      (await sceneOf(90, 70).jpeg().toBuffer()).subarray(0, 700),
      Buffer.from([0xff, 0xd9]),
    ])
    const findDuplicates: BatchDeps['findDuplicates'] = async (images) =>
      images.flatMap((image, index) => {
        const at = [two!, three!].map(sha256).indexOf(image.sha256)
        return at < 0 ? [] : [{ index, of: 'ab', near: at === 0 }]
      })
    const rows = await rowsOf(
      [one!, two!, three!, broken].map((bytes) => ({ bytes })),
      { minBytes: 0 },
      { findDuplicates },
    )
    expect(rows.map(({ reason }) => reason)).toEqual([
      null,
      'duplicate_near',
      'duplicate_exact',
      'side_small',
    ])
    expect(pictured(rows)).toEqual([])
  })

  it('show a picture once, and leave it whole where it is kept beside another caption', async () => {
    const [bytes] = await photos(1, 300, 240)
    const url = 'http://img.test/same'
    const offered = [low, 'a good caption', low].map((caption) => ({ url, bytes: bytes!, caption }))
    const given: Uint8Array[] = []
    // As a thread does, which takes the memory for its own.
    const develop: BatchDeps['develop'] = (its, ...rest) => {
      given.push(its)
      return developPicture(its, ...rest)
    }
    const rows = await rowsOf(offered, { dedupe: 'off' }, { develop })
    expect(rows.map(({ reason }) => reason)).toEqual(['score_low', null, 'score_low'])
    expect(rows.map(({ thumbnail }) => thumbnail !== undefined)).toEqual([true, false, false])
    expect(new Set(given.map(({ buffer }) => buffer)).size).toBe(2)
  })

  it('are not there where nobody wants them', async () => {
    const [bytes] = await photos(1, 300, 240)
    const small = await sceneOf(90, 70).jpeg().toBuffer()
    const rows = await rowsOf([{ bytes: bytes!, caption: low }, { bytes: small }], {
      rejectedPictures: false,
    })
    expect(rows.map(({ reason }) => reason)).toEqual(['score_low', 'side_small'])
    expect(pictured(rows)).toEqual([])
  })
})
