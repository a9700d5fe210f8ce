import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { developPicture } from '../../../src/filter/develop.js'
import {
  type BatchDeps,
  type BatchItem,
  crashedRow,
  type FetchImage,
  type FilterOptions,
  filterBatch,
  type ImageFetched,
  languageDetector,
  scoreBin,
} from '../../../src/filter/index.js'
import {
  type Candidate,
  type Caption,
  decodeHalves,
  encodeHalves,
  noRefusals,
  type Refusals,
  type RejectReason,
} from '../../../src/records/index.js'
import { claimedPng, pngChunk, sceneOf, tiffHead } from '../../fixtures/filter/hostile.js'
import { defaultFilterOptions, inputOf } from '../../fixtures/filter/options.js'

const never = new AbortController().signal
const permission = { rule: 'robots:none', checkedAt: '2026-01-02T03:04:05.000Z' }
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** What lies at each path of http://img.test/. */
const files: Record<string, Buffer> = {}
beforeAll(async () => {
  files.cat = await sceneOf(640, 480).jpeg().toBuffer()
  files.flipped = await sceneOf(640, 480).flop().jpeg().toBuffer()
  files.small = await sceneOf(120, 480).jpeg().toBuffer()
  files.long = await sceneOf(1_000, 220).jpeg().toBuffer()
  files.flat = await sceneOf(300, 300).blur(50).webp({ quality: 1 }).toBuffer()
  files.cut = files.cat.subarray(0, files.cat.length - 9_000)
  files.bomb = claimedPng(60_000, 60_000)
  files.page = Buffer.from(`<!doctype html><title>${'x'.repeat(6_000)}</title>`)
  files.drawing = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${' '.repeat(6_000)}</svg>`)
  files.tiff = tiffHead
  // A header that is well, and data that does not inflate.
  files.broken = Buffer.concat([
    claimedPng(300, 300).subarray(0, 33),
    pngChunk('IDAT', Buffer.alloc(8_000, 7)),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
  files.nothing = Buffer.alloc(0)
})

const caption = (text: string, source: Caption['source'] = 'alt'): Caption => ({ source, text })
const candidate = (
  path: string,
  captions: (string | Caption)[] = ['a cat on a mat'],
  over: Partial<Candidate> = {},
): Candidate => ({
  imageUrl: `http://img.test/${path}`,
  fallbackUrls: [],
  captions: captions.map((one) => (typeof one === 'string' ? caption(one) : one)),
  pageUrl: 'http://a.test/page',
  pageLanguage: 'en',
  licenceUrl: 'http://a.test/licence',
  ...over,
})

/** A candidate with these sources, best first. */
const sources = (first: string, ...others: string[]) =>
  candidate(first, undefined, { fallbackUrls: others.map((path) => `http://img.test/${path}`) })

/** A fetcher of `files`; what is not there is a 404. */
function fetcher(answers: Record<string, ImageFetched> = {}) {
  const fetched: string[] = []
  const attempts: number[] = []
  const fetchImage: FetchImage = async (url, attempt, inspect) => {
    const path = url.replace('http://img.test/', '')
    fetched.push(path)
    attempts.push(attempt)
    const answer = answers[path]
    if (answer !== undefined) return answer
    const bytes = files[path]
    if (bytes === undefined) return { kind: 'rejected', reason: 'http_4xx', detail: 'HTTP 404', permission }
    const prefix = bytes.subarray(0, 2_048)
    if (prefix.length > 0 && inspect(prefix) === 'stop')
      return { kind: 'bytes', from: url, bytes: prefix, stopped: true, permission }
    return { kind: 'bytes', from: url, bytes, stopped: false, permission }
  }
  return { fetched, attempts, fetchImage }
}

interface Scene extends Partial<BatchDeps> {
  readonly options?: Partial<FilterOptions>
  readonly answers?: Record<string, ImageFetched>
  /** Score of each caption text; others score 0.3. */
  readonly scores?: Record<string, number>
  readonly attempts?: number
}

/** Judges the candidates with a model that knows captions by heart. */
async function judge(bodies: readonly Candidate[], scene: Scene = {}) {
  const { options, answers, scores, attempts: tried = 0, ...deps } = scene
  const { fetched, attempts, fetchImage } = fetcher(answers)
  const asked: { captions: readonly string[]; pixels: number }[][] = []
  const items: BatchItem[] = bodies.map((body, i) => ({ id: i + 1, attempts: tried, body }))
  const result = await filterBatch(
    {
      fetchImage,
      develop: developPicture,
      developApart: () => Promise.reject(new Error('nothing is suspected')),
      refusals: async () => noRefusals,
      preprocessing: inputOf(2),
      decoding: (work) => work(),
      now: () => 0,
      score: async (pairs) => {
        asked.push(pairs.map(({ captions, pixels }) => ({ captions, pixels: pixels.length })))
        return pairs.map(({ captions }) => ({
          cosines: captions.map((text) => scores?.[text] ?? 0.3),
          embedding: Float32Array.of(1, 0, 0, 0),
          texts: captions.map((text) => Float32Array.of(scores?.[text] ?? 0.3, 0, 0, 0.5)),
        }))
      },
      tagger: null,
      modelId: 'model/1',
      modelThreshold: 0.25,
      findDuplicates: async () => [],
      captionCounts: async (texts) => texts.map(() => 1),
      ...deps,
    },
    items,
    { ...defaultFilterOptions, ...options },
    never,
  )
  return { ...result, fetched, attempts, asked }
}

describe('a batch while it goes on', () => {
  it('tells of images as they come, and of verdicts when they fall', async () => {
    const steps: [string, number][] = []
    const onStep = (step: string, count: number) => steps.push([step, count])
    await judge([candidate('cat'), candidate('gone'), candidate('small'), candidate('cat', ['cat.jpg'])], {
      onStep,
    })
    const sum = (of: string) => steps.reduce((all, [step, count]) => all + (step === of ? count : 0), 0)
    expect(['images_fetched', 'images_done', 'judged'].map(sum)).toEqual([1, 4, 4])
    const verdicts = steps.filter(([step, count]) => step === 'judged' && count > 0)
    // By its text; without a picture of use; by the model.
    expect(verdicts.map(([, count]) => count)).toEqual([1, 2, 1])
  })
})

describe('a batch of candidates', () => {
  it('keeps a good pair, with everything that is known of it', async () => {
    const { rows, deferred, counters } = await judge([candidate('cat')])
    const [kept] = rows
    expect(kept!.image!.format).toBe('jpg')
    expect(kept!.row).toEqual({
      caption: 'a cat on a mat',
      url: 'http://img.test/cat',
      reason: null,
      detail: null,
      width: 512,
      height: 384,
      originalWidth: 640,
      originalHeight: 480,
      exif: '{}',
      sha256: sha256(files.cat!),
      storedSha256: sha256(kept!.image!.bytes),
      uid: sha256(files.cat!).slice(0, 32),
      embeddings: Buffer.concat([
        encodeHalves(Float32Array.of(1, 0, 0, 0)),
        encodeHalves(Float32Array.of(0.3, 0, 0, 0.5)),
      ]).toString('base64'),
      fetchedAt: new Date(0).toISOString(),
      pageUrl: 'http://a.test/page',
      captions: [{ source: 'alt', text: 'a cat on a mat', score: 0.3 }],
      clipScore: 0.3,
      modelId: 'model/1',
      phash: expect.stringMatching(/^[0-9a-f]{16}$/),
      language: expect.any(String),
      licenceUrl: 'http://a.test/licence',
      permission,
      pagePermission: null,
      tags: [],
      duplicateOf: null,
    })
    expect(deferred).toEqual([])
    expect(counters).toEqual({ images_fetched: 1, image_bytes: files.cat!.length, 'score:0.30': 1 })
  })

  it('carries the embeddings of the caption that won, unless nobody wants any', async () => {
    const texts = ['a cat on a mat', 'a sleeping animal']
    const scores = { 'a cat on a mat': 0.26, 'a sleeping animal': 0.4 }
    const textOf = async (embeddings: boolean) => {
      const { rows } = await judge([candidate('cat', texts)], { scores, options: { embeddings } })
      const both = rows[0]!.row.embeddings
      return both === null || both === undefined
        ? both
        : [...decodeHalves(Buffer.from(both, 'base64')).slice(4)]
    }
    expect(await textOf(true)).toEqual([...decodeHalves(encodeHalves(Float32Array.of(0.4, 0, 0, 0.5)))])
    expect(await textOf(false)).toBeNull()
  })

  it.each<[string, RejectReason]>([
    ['small', 'side_small'],
    ['long', 'aspect'],
    ['flat', 'bytes_small'],
    ['cut', 'truncated'],
    ['broken', 'undecodable'],
    ['bomb', 'bomb'],
    ['page', 'not_image'],
    ['drawing', 'svg'],
    ['tiff', 'format'],
    ['nothing', 'empty'],
    ['gone', 'http_4xx'],
  ])('rejects %s: %s', async (path, reason) => {
    const { rows, counters, asked } = await judge([candidate(path)])
    expect(rows.map(({ row }) => row)).toMatchObject([
      { reason, width: null, storedSha256: null, clipScore: null, permission },
    ])
    expect(rows[0]!.image).toBeNull()
    expect(counters[`rejected:${reason}`]).toBe(1)
    expect(asked.flat()).toEqual([])
  })

  it.each<RejectReason>(['robots', 'timeout', 'dns', 'too_large', 'redirects', 'host_stalled'])(
    'passes on that it could not be had: %s',
    async (reason) => {
      const answer = { kind: 'rejected' as const, reason, detail: 'why', permission }
      const { rows } = await judge([candidate('x')], { answers: { x: answer } })
      expect(rows).toMatchObject([{ row: { reason, detail: 'why', sha256: null, permission } }])
    },
  )

  it.each<[string, RejectReason]>([
    ['IMG_1234.jpg', 'caption_file_name'],
    ['https://example.org/cat', 'caption_url'],
    ['featured image', 'caption_placeholder'],
    ['<b>cat</b> & co', 'caption_markup'],
    ['cat', 'caption_short'],
    ['caterpillar', 'caption_few_words'],
    ['cat '.repeat(300), 'caption_long'],
  ])('rejects the caption %j without a download: %s', async (text, reason) => {
    const { rows, fetched, counters } = await judge([candidate('cat', [text])])
    expect(rows).toMatchObject([{ row: { reason, caption: text, permission: null, sha256: null } }])
    expect([fetched, counters]).toEqual([[], { [`rejected:${reason}`]: 1 }])
  })

  it('judges by the captions that are left, and says why the first was not', async () => {
    const mixed = candidate('cat', [
      'logo',
      caption('a cat on a mat', 'title'),
      caption('IMG_1.jpg', 'heading'),
    ])
    const { rows, asked } = await judge([mixed, candidate('x', ['logo', caption('IMG_1.jpg', 'title')])])
    expect(rows[0]!.row).toMatchObject({
      reason: null,
      caption: 'a cat on a mat',
      captions: [
        { source: 'alt', text: 'logo', score: null },
        { source: 'title', text: 'a cat on a mat', score: 0.3 },
        { source: 'heading', text: 'IMG_1.jpg', score: null },
      ],
    })
    expect(rows[1]!.row).toMatchObject({ reason: 'caption_placeholder', caption: 'logo' })
    expect(asked).toEqual([[{ captions: ['a cat on a mat'], pixels: 12 }]])
  })

  it('rejects captions of other languages, and passes those that nobody can tell', async () => {
    const german = 'Eine Katze sitzt auf der Matte vor dem alten Haus und schläft'
    const english = 'A cat is sitting on the mat in front of the old house, sleeping'
    const { rows } = await judge(
      [candidate('cat', [german]), candidate('cat', [english]), candidate('cat', ['Rex 24'])],
      { options: { languages: ['de'], dedupe: 'off' } },
    )
    expect(rows.map(({ row }) => [row.reason, row.language])).toEqual([
      [null, 'de'],
      ['language', 'en'],
      [null, 'und'],
    ])
  })

  it('rejects what many images are called', async () => {
    const counts: Record<string, number> = { 'a cat on a mat': 4, 'our happy customers': 5 }
    const bodies = [candidate('cat'), candidate('cat', ['our happy customers'])]
    const captionCounts = async (texts: readonly string[]) => texts.map((text) => counts[text] ?? 0)
    const { rows } = await judge(bodies, { options: { repeatedText: 4 }, captionCounts })
    expect(rows.map(({ row }) => row.reason)).toEqual([null, 'caption_repeated'])
    const asked: string[][] = []
    const off = await judge(bodies, {
      options: { repeatedText: null },
      captionCounts: async (texts) => {
        asked.push([...texts])
        return []
      },
    })
    expect(off.rows.map(({ row }) => row.reason)).toEqual([null, null])
    expect(asked).toEqual([])
  })

  it("takes a text of metadata for the site's own where a few pictures have it", async () => {
    const bodies = [candidate('cat', [caption('our happy customers', 'og')])]
    const times = (n: number) => async (texts: readonly string[]) => texts.map(() => n)
    const judged = async (n: number) =>
      (await judge(bodies, { options: { repeatedText: 10 }, captionCounts: times(n) })).rows[0]?.row.reason
    expect(await judged(3)).toBeNull()
    expect(await judged(4)).toBe('caption_repeated')
  })

  it('names the words of a caption, and keeps all texts as they stood', async () => {
    const alt = 'a cat on a mat, https://pictures.example/cats/1'
    const { rows } = await judge([candidate('cat', [alt, caption('Cats of all kinds', 'context')])])
    expect(rows[0]?.row).toMatchObject({
      caption: 'a cat on a mat',
      captions: [
        { source: 'alt', text: alt },
        { source: 'context', text: 'Cats of all kinds', score: null },
      ],
    })
  })

  it('fetches nothing whose page or image is on a list, and has a row that says so', async () => {
    const refusals = async (): Promise<Refusals> => ({
      ...noRefusals,
      ofUrls: (urls) => (urls.includes('http://img.test/spare.jpg') ? 'listed' : null),
    })
    const { rows, fetched, counters } = await judge([sources('cat', 'spare.jpg')], { refusals })
    expect(rows.map(({ row, image }) => [row.reason, row.sha256, image])).toEqual([['listed', null, null]])
    expect(fetched).toEqual([])
    expect(counters).toEqual({ 'rejected:listed': 1 })
  })

  it('develops no image whose bytes are on a list, and asks the model about none that looks like one', async () => {
    const good = (await judge([candidate('cat')])).rows[0]?.row
    const develop = () => Promise.reject(new Error('it is not to be developed'))
    const md5 = createHash('md5').update(files.cat!).digest('hex')
    const byBytes: Refusals = {
      ...noRefusals,
      asksBytes: { sha256: false, md5: true },
      ofImage: (image) => (image.sha256 === good?.sha256 && image.md5 === md5 ? 'listed' : null),
    }
    const asBytes = await judge([candidate('cat')], { refusals: async () => byBytes, develop })
    expect(asBytes.rows.map(({ row, image }) => [row.reason, image])).toEqual([['listed', null]])

    const byLook: Refusals = { ...noRefusals, ofPhash: (hash) => (hash === good?.phash ? 'listed' : null) }
    const asLook = await judge([candidate('cat')], { refusals: async () => byLook })
    expect(asLook.rows.map(({ row, image }) => [row.reason, row.phash, image])).toEqual([
      ['listed', good?.phash, null],
    ])
    expect(asLook.asked).toEqual([])
    const byUid: Refusals = { ...noRefusals, ofUid: (uid) => (uid === good?.uid ? 'retracted' : null) }
    const asUid = await judge([candidate('cat')], { refusals: async () => byUid })
    expect(asUid.rows.map(({ row }) => row.reason)).toEqual(['retracted'])
  })

  it('puts back what its host asks to wait for, with the rest done', async () => {
    const answers = { slow: { kind: 'deferred' as const, delayMs: 7_000, reason: 'http_5xx' as const } }
    const { rows, deferred, counters, attempts } = await judge(
      [candidate('slow'), candidate('cat'), candidate('slow', ['another text here'])],
      { answers, attempts: 2 },
    )
    expect(rows.map(({ row }) => row.url)).toEqual(['http://img.test/cat'])
    expect(deferred).toEqual([
      { id: 1, delayMs: 7_000 },
      { id: 3, delayMs: 7_000 },
    ])
    expect(counters).toMatchObject({ deferred: 2 })
    expect(attempts).toEqual([2, 2])
  })

  it('downloads once what has the same sources, and keeps each of its texts', async () => {
    const same = ['a cat on a mat', 'a sleeping animal', 'my pet at home'].map((text) =>
      candidate('cat', [text]),
    )
    const { rows, fetched, counters } = await judge(same, { options: { dedupe: 'off' } })
    expect(fetched).toEqual(['cat'])
    expect(rows.map(({ row }) => [row.caption, row.reason])).toEqual(
      same.map(({ captions }) => [captions[0]!.text, null]),
    )
    expect(counters).toMatchObject({ image_bytes: files.cat!.length })
    const uids = rows.map(({ row }) => row.uid)
    expect(new Set(uids).size).toBe(3)
    for (const uid of uids) expect(uid).toMatch(/^[0-9a-f]{32}$/)
  })

  it('tries the other sources where the first is gone, no image or small, not where the picture itself is refused', async () => {
    const { rows, fetched } = await judge(
      [
        sources('gone', 'page', 'cat'),
        sources('cut', 'cat'),
        sources('small', 'flipped'),
        sources('gone', 'missing'),
        sources('page', 'small'),
      ],
      { options: { dedupe: 'off' } },
    )
    expect(rows.map(({ row }) => row.reason)).toEqual([null, 'truncated', null, 'http_4xx', 'side_small'])
    expect(fetched.toSorted()).toEqual([
      'cat',
      'cut',
      'flipped',
      'gone',
      'gone',
      'missing',
      'page',
      'page',
      'small',
      'small',
    ])
  })

  it('names the source that gave the image, kept or not, and the best one where none did', async () => {
    const forbidden = {
      kind: 'rejected' as const,
      reason: 'robots' as const,
      detail: 'robots:disallow /',
      permission: { ...permission, rule: 'robots:disallow /' },
    }
    const { rows } = await judge(
      [
        sources('gone', 'page', 'cat'),
        sources('gone', 'small'),
        sources('page', 'cut'),
        sources('gone', 'forbidden'),
        sources('forbidden', 'page', 'gone'),
      ],
      { answers: { forbidden }, options: { dedupe: 'off' } },
    )
    expect(rows.map(({ row }) => [row.url, row.reason, row.permission!.rule])).toEqual([
      ['http://img.test/cat', null, 'robots:none'],
      ['http://img.test/small', 'side_small', 'robots:none'],
      ['http://img.test/cut', 'truncated', 'robots:none'],
      ['http://img.test/gone', 'http_4xx', 'robots:none'],
      ['http://img.test/forbidden', 'robots', 'robots:disallow /'],
    ])
  })

  it('names the source that gave the image to duplicates and to what scores too low, too', async () => {
    const twice = [sources('gone', 'cat'), sources('gone', 'flipped')]
    const { rows } = await judge(twice, {
      findDuplicates: async () => [{ index: 0, of: 'w', near: true }],
      options: { threshold: 0.9 },
    })
    expect(rows.map(({ row }) => [row.url, row.reason])).toEqual([
      ['http://img.test/cat', 'duplicate_near'],
      ['http://img.test/flipped', 'score_low'],
    ])
  })

  it('rejects what is kept already, before the model sees it', async () => {
    const looked: { sha256: string }[] = []
    const { rows, asked } = await judge([candidate('cat'), candidate('flipped'), candidate('small')], {
      findDuplicates: async (images) => {
        looked.push(...images)
        return images.flatMap((image, index) =>
          image.sha256 === sha256(files.flipped!) ? [{ index, of: 'winner', near: true }] : [],
        )
      },
    })
    expect(rows.map(({ row }) => [row.reason, row.duplicateOf])).toEqual([
      [null, null],
      ['duplicate_near', 'winner'],
      ['side_small', null],
    ])
    expect(rows[1]!.row).toMatchObject({
      sha256: sha256(files.flipped!),
      clipScore: null,
      originalWidth: 640,
    })
    expect(looked.map((image) => image.sha256).toSorted()).toEqual(
      [sha256(files.cat!), sha256(files.flipped!)].toSorted(),
    )
    expect(asked.flat()).toHaveLength(1)
    const exact = await judge([candidate('cat')], {
      findDuplicates: async () => [{ index: 0, of: 'w', near: false }],
    })
    expect(exact.rows).toMatchObject([{ row: { reason: 'duplicate_exact', duplicateOf: 'w' } }])
  })

  it('looks for no duplicates where it was told not to', async () => {
    const findDuplicates = () => Promise.reject(new Error('asked'))
    const { rows } = await judge([candidate('cat')], { findDuplicates, options: { dedupe: 'off' } })
    expect(rows).toMatchObject([{ row: { reason: null } }])
  })

  it('takes the caption that fits best, and keeps all with their scores', async () => {
    const body = candidate('cat', [
      'a photo of something',
      caption('a cat on a mat', 'figcaption'),
      caption('the story of a cat', 'title'),
    ])
    const scores = { 'a photo of something': 0.21, 'a cat on a mat': 0.34, 'the story of a cat': 0.28 }
    const { rows, counters } = await judge([body], { scores })
    expect(rows[0]!.row).toMatchObject({
      reason: null,
      caption: 'a cat on a mat',
      clipScore: 0.34,
      captions: [{ score: 0.21 }, { score: 0.34 }, { score: 0.28 }],
    })
    expect(counters).toMatchObject({ 'score:0.34': 1 })
  })

  it('takes the more trusted source where two captions score the same', async () => {
    const body = candidate('cat', ['a cat on a mat', caption('a tabby on a rug', 'title')])
    expect((await judge([body])).rows[0]!.row.caption).toBe('a cat on a mat')
  })

  it('drops what scores below the threshold, with its scores', async () => {
    const bodies = [candidate('cat', ['a cat on a mat']), candidate('flipped', ['something quite other'])]
    const scores = { 'a cat on a mat': 0.25, 'something quite other': 0.2499 }
    const { rows, counters } = await judge(bodies, { scores })
    expect(rows.map(({ row }) => [row.reason, row.clipScore, row.modelId])).toEqual([
      [null, 0.25, 'model/1'],
      ['score_low', 0.2499, 'model/1'],
    ])
    expect(rows[1]).toMatchObject({ image: null, row: { caption: 'something quite other', width: null } })
    expect(counters).toMatchObject({ 'score:0.24': 2, 'rejected:score_low': 1 })
    const own = await judge(bodies, { scores, options: { threshold: 0.2 } })
    expect(own.rows.map(({ row }) => row.reason)).toEqual([null, null])
    const none = await judge(bodies, { scores: { ...scores, 'a cat on a mat': -0.9 }, modelThreshold: null })
    expect(none.rows.map(({ row }) => row.reason)).toEqual([null, null])
  })

  it('keeps everything that passes the other rules where nothing is scored', async () => {
    const { rows } = await judge([candidate('cat'), candidate('small')], {
      score: null,
      preprocessing: null,
      modelId: null,
      modelThreshold: null,
    })
    expect(rows.map(({ row }) => [row.reason, row.clipScore, row.modelId])).toEqual([
      [null, null, null],
      ['side_small', null, null],
    ])
    expect(rows[0]!.row).toMatchObject({ caption: 'a cat on a mat', captions: [{ score: null }] })
  })

  it('does not wake the model where there is nothing to score', async () => {
    expect((await judge([candidate('gone')])).asked).toEqual([])
    expect((await judge([])).rows).toEqual([])
  })

  it('answers in the order of the batch, whichever download came first', async () => {
    const paths = ['cat', 'gone', 'flipped', 'small', 'page']
    const { rows } = await judge(paths.map((path) => candidate(path)))
    expect(rows.map(({ row }) => row.url)).toEqual(paths.map((path) => `http://img.test/${path}`))
  })

  it('rejects as a whole where what it depends on is lost', async () => {
    const failure = new Error('the database is gone')
    await expect(judge([candidate('cat')], { findDuplicates: () => Promise.reject(failure) })).rejects.toBe(
      failure,
    )
    await expect(judge([candidate('cat')], { score: () => Promise.reject(failure) })).rejects.toBe(failure)
    await expect(judge([candidate('cat')], { score: async () => [] })).rejects.toThrow('no scores')
  })

  it('fetches a picture anew that was lost where it was developed, and develops it apart', async () => {
    const lost = { develop: async () => ({ reason: 'lost' }) as const }
    const kept = await judge([candidate('cat')], { ...lost, developApart: developPicture })
    expect(kept.fetched).toEqual(['cat', 'cat'])
    expect(kept.rows.map(({ row }) => row.reason)).toEqual([null])
    const crashed = { reason: 'crashed', detail: 'it ended', sha256: '12' } as const
    const alone = await judge([candidate('cat')], { ...lost, developApart: async () => crashed })
    expect(alone.rows.map(({ row }) => row)).toMatchObject([
      { reason: 'crashed', detail: 'it ended', sha256: '12', url: 'http://img.test/cat' },
    ])
  })

  it('stops when it is aborted', async () => {
    const abort = new AbortController()
    const fetched: string[] = []
    const fetchImage: FetchImage = async (url) => {
      fetched.push(url)
      abort.abort(new Error('stop'))
      return { kind: 'rejected', reason: 'timeout', detail: null, permission: null }
    }
    const items = Array.from({ length: 40 }, (_, i) => ({ id: i, attempts: 0, body: candidate(`${i}`) }))
    const deps = {
      fetchImage,
      develop: developPicture,
      developApart: developPicture,
      preprocessing: null,
      decoding: <T>(work: () => Promise<T>) => work(),
    }
    const judged = filterBatch(
      {
        ...deps,
        refusals: async () => noRefusals,
        now: () => 0,
        score: null,
        tagger: null,
        modelId: null,
        modelThreshold: null,
        findDuplicates: async () => [],
        captionCounts: async () => [],
      },
      items,
      defaultFilterOptions,
      abort.signal,
    )
    await expect(judged).rejects.toThrow('stop')
    expect(fetched.length).toBeLessThan(40)
  })
})

describe('a candidate that killed its workers', () => {
  it('has a row that says so, and nothing of its image', async () => {
    const body = candidate('cat', ['logo', caption('a cat on a mat', 'title')])
    expect(crashedRow(body, await languageDetector())).toMatchObject({
      reason: 'crashed',
      caption: 'logo',
      url: 'http://img.test/cat',
      captions: [{ score: null }, { score: null }],
      sha256: null,
      clipScore: null,
      permission: null,
    })
  })
})

describe('the bins of scores', () => {
  it('are 0.02 wide and named by their lower edge, which is theirs', () => {
    expect([0.28, 0.2999, 0.3, 0.019, 0, -0.001, -0.02, 0.06, 0.58, 1].map(scoreBin)).toEqual([
      '0.28',
      '0.28',
      '0.30',
      '0.00',
      '0.00',
      '-0.02',
      '-0.02',
      '0.06',
      '0.58',
      '1.00',
    ])
    for (let edge = -50; edge <= 50; edge++) expect(Number(scoreBin(edge / 50))).toBeCloseTo(edge / 50, 9)
  })
})
