import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { BatchLease, HostReport } from '../../../src/backend/backend.js'
import { developPicture } from '../../../src/filter/develop.js'
import { createDevelopApart, type Develop } from '../../../src/filter/index.js'
import type { Fetch, FetchOutcome } from '../../../src/net/index.js'
import type { TextReject } from '../../../src/records/index.js'
import { readPart } from '../../../src/shard/index.js'
import { batchDesk, leaseOf } from '../../fixtures/workers/batch-desk.js'

const never = new AbortController().signal
const { folder, image, open } = batchDesk()

describe('a batch', () => {
  it('is judged, its part written, and then committed by name', async () => {
    const { visit, commits, released, store, parts, underWay } = open({ lease: leaseOf('cat', 'gone') })
    expect(await visit()).toEqual({ kind: 'done' })
    expect(commits).toHaveLength(1)
    expect(underWay.look()).toEqual({ done: { images_done: 2, images_fetched: 1, judged: 2 }, waits: [] })
    const { part, kept, deferred, counters } = commits[0]!
    expect(part).toMatchObject({ name: expect.stringMatching(/\/12-[0-9a-f]{24}\.tar$/), rows: 2 })
    expect(parts()).toEqual([part!.name])
    expect(kept).toEqual([{ row: 0, sha256: expect.any(String), phash: expect.any(String), score: null }])
    expect([deferred, released]).toEqual([[], []])
    expect(counters).toMatchObject({ images_fetched: 1, image_bytes: image().length, 'rejected:http_4xx': 1 })
    const copy = await store.localCopy(part!.name, never)
    const { rows } = await readPart(copy!.path)
    expect(rows.map(({ reason }) => reason)).toEqual([null, 'http_4xx'])
  })

  it.each<[string, FetchOutcome, Partial<HostReport>[]]>([
    [
      'asks for a pause',
      {
        kind: 'response',
        head: { status: 429, headers: { 'retry-after': '9' } },
        body: Buffer.alloc(0),
        stopped: true,
      },
      [
        { throttleMs: 250, pauseMs: 9_000, health: 'none' },
        { pauseMs: 2_000, health: 'bad' },
      ],
    ],
    [
      'cannot be reached',
      { kind: 'failed', reason: 'connection', detail: '' },
      [{ throttleMs: 0, pauseMs: 2_000, health: 'bad' }],
    ],
    [
      'answers with a no',
      { kind: 'response', head: { status: 404, headers: {} }, body: Buffer.alloc(0), stopped: true },
      [{ throttleMs: 0, pauseMs: 0, health: 'ok' }],
    ],
  ])('tells all workers of an image host that %s', async (_, outcome, reports) => {
    const { visit, reported } = open({ lease: leaseOf('cat'), fetch: async () => outcome })
    expect(await visit()).toEqual({ kind: 'done' })
    expect(reported).toMatchObject(reports)
    expect(new Set(reported.map(({ host }) => host))).toEqual(new Set(['img.test']))
  })

  it('cites the kept images that its duplicates repeat', async () => {
    const { visit, commits } = open({
      lease: leaseOf('one', 'two'),
      findDuplicates: async (wish) =>
        wish.images.map((_, index) => ({ index, of: `kept-${index}`, near: true })),
    })
    await visit()
    expect(commits[0]).toMatchObject({ kept: [], cited: ['kept-0', 'kept-1'] })
    expect(commits[0]!.counters).toMatchObject({ 'rejected:duplicate_near': 2 })
  })

  it('writes no part where every candidate is put back', async () => {
    const { visit, commits, parts } = open({
      lease: leaseOf('cat'),
      fetch: async () => ({
        kind: 'response',
        head: { status: 503, headers: {} },
        body: new Uint8Array(),
        stopped: true,
      }),
    })
    await visit()
    expect(commits[0]).toMatchObject({
      part: null,
      kept: [],
      deferred: [{ id: 1, delayMs: expect.any(Number) }],
    })
    expect(parts()).toEqual([])
  })

  it.each([
    ['kept', 320 * 240 * 3, 'images_fetched'],
    ['cut', 1_000, 'rejected:truncated'],
  ])(
    'counts the work on an image that is %s on the clock of the host that gave it',
    async (name, maxBytes, counter) => {
      let nowMs = 1_000_000
      const develop: Develop = async (...given) => {
        nowMs += 3_000
        return developPicture(...given)
      }
      const fetch: Fetch = async ({ url }) => {
        const head = { status: 200, headers: {} }
        const { host } = new URL(url)
        return host === 'img.test'
          ? { kind: 'redirect', head, location: `http://given.test/${name}` }
          : { kind: 'response', head, body: image().subarray(0, maxBytes), stopped: false }
      }
      const { visit, reported, commits } = open({ lease: leaseOf(name), develop, fetch, now: () => nowMs })
      await visit()
      expect(commits[0]!.counters).toMatchObject({ [counter]: 1 })
      expect(reported.map(({ host, throttleMs }) => [host, throttleMs])).toEqual([
        ['img.test', 0],
        ['given.test', 3_000],
      ])
    },
  )

  it('of one candidate that was under way at two deaths is decoded in a process of its own, and kept where that lives', async () => {
    const develop: Develop = () => Promise.reject(new Error('not here'))
    const lease = { ...leaseOf('cat'), starts: 2 } as BatchLease
    const { visit, commits } = open({ lease, develop })
    expect(await visit()).toEqual({ kind: 'done' })
    expect(commits[0]).toMatchObject({ kept: [{ row: 0 }], part: { rows: 1 } })
  })

  it('of one candidate that ends the process that decodes it is ledgered as crashed', async () => {
    const lease = { ...leaseOf('killer'), starts: 2 } as BatchLease
    const script = join(folder, 'dies.cjs')
    writeFileSync(script, "process.once('message', () => process.kill(process.pid, 'SIGSEGV'))")
    const { visit, commits, store } = open({ lease, developApart: createDevelopApart(() => script) })
    expect(await visit()).toEqual({ kind: 'done' })
    expect(commits[0]).toMatchObject({ kept: [], part: { rows: 1 }, counters: { 'rejected:crashed': 1 } })
    const copy = await store.localCopy(commits[0]!.part!.name, never)
    expect((await readPart(copy!.path)).rows[0]).toMatchObject({
      reason: 'crashed',
      detail: 'the process that decoded it ended with SIGSEGV',
      sha256: expect.any(String),
    })
  })

  it.each([
    ['failed twice', { failures: 2 }],
    ['was under way at twenty deaths', { starts: 20 }],
  ])('of one candidate that %s is ledgered, not tried', async (_, earlier) => {
    const lease = { ...leaseOf('killer'), ...earlier } as BatchLease
    const { visit, commits, store } = open({ lease, fetch: () => Promise.reject(new Error('not tried')) })
    expect(await visit()).toEqual({ kind: 'done' })
    expect(commits[0]).toMatchObject({ kept: [], part: { rows: 1 }, counters: { 'rejected:crashed': 1 } })
    const copy = await store.localCopy(commits[0]!.part!.name, never)
    expect((await readPart(copy!.path)).rows[0]).toMatchObject({
      reason: 'crashed',
      caption: 'a cat on a mat',
    })
  })

  it('of rejects has a row for each, in their order, and asks nobody for an image', async () => {
    const rejects = ['logo', 'Startseite', 'Das Haus am See steht seit vielen Jahren leer und verfällt'].map(
      (text, i): TextReject => ({
        imageUrl: `http://img.test/${i}`,
        captions: [{ source: 'alt', text }],
        pageUrl: 'http://a.test/',
        licenceUrl: null,
        reason: i === 2 ? 'language' : 'caption_placeholder',
      }),
    )
    const fetch: Fetch = () => Promise.reject(new Error('it is not to be asked'))
    const { visit, commits, released, store } = open({ lease: { kind: 'rejects', rejects }, fetch })
    expect(await visit()).toEqual({ kind: 'done' })
    expect(released).toEqual([])
    expect(commits).toEqual([
      expect.objectContaining({
        part: expect.objectContaining({ rows: 3 }),
        kept: [],
        cited: [],
        deferred: [],
        counters: { 'rejected:caption_placeholder': 2, 'rejected:language': 1 },
      }),
    ])
    const copy = await store.localCopy(commits[0]!.part!.name, never)
    const { rows, images } = await readPart(copy!.path)
    expect(images.size).toBe(0)
    expect(rows.map(({ url, reason, language }) => [url, reason, language])).toEqual([
      ['http://img.test/0', 'caption_placeholder', 'und'],
      ['http://img.test/1', 'caption_placeholder', 'und'],
      ['http://img.test/2', 'language', 'de'],
    ])
  })

  it('of rejects that is aborted is dropped before it has a part', async () => {
    const reject: TextReject = {
      imageUrl: 'http://img.test/1',
      captions: [{ source: 'alt', text: 'logo' }],
      pageUrl: null,
      licenceUrl: null,
      reason: 'caption_placeholder',
    }
    const { visit, commits, parts } = open({ lease: { kind: 'rejects', rejects: [reject] } })
    expect(await visit(never, AbortSignal.abort(new Error('stop')))).toEqual({ kind: 'done' })
    expect([commits, parts()]).toEqual([[], []])
  })

  it('that was split is done with: its halves are batches like others', async () => {
    const { visit, commits } = open({ lease: { kind: 'split', batches: ['13', '14'] } })
    expect([await visit(), commits]).toEqual([{ kind: 'done' }, []])
  })

  it('is left to those who have it or had it, and when the process drains', async () => {
    expect(await open({ lease: { kind: 'gone' } }).visit()).toBeNull()
    expect(await open({ lease: { kind: 'busy', inMs: 60 } }).visit()).toBeNull()
    const { visit, commits } = open({ lease: leaseOf('cat') })
    expect(await visit(AbortSignal.abort())).toBeNull()
    expect(commits).toEqual([])
  })

  it('is looked at anew where its commit was stale, and is another’s where it was lost', async () => {
    const stale = open({ lease: leaseOf('cat'), committed: { kind: 'stale' } })
    expect(await stale.visit()).toMatchObject({ kind: 'again' })
    const lost = open({ lease: leaseOf('cat'), committed: { kind: 'lost' } })
    expect(await lost.visit()).toEqual({ kind: 'done' })
    expect([stale.released, lost.released]).toEqual([[], []])
  })

  it('that cannot be judged counts as a failed start', async () => {
    const failure = new Error('the decoder broke')
    const { visit, commits, released } = open({ lease: leaseOf('cat'), fetch: () => Promise.reject(failure) })
    await expect(visit()).rejects.toBe(failure)
    expect([commits, released]).toEqual([[], [{ failed: true }]])
  })

  it('that cannot be stored is not to blame', async () => {
    const failure = new Error('the database is gone')
    const { visit, released } = open({ lease: leaseOf('cat'), committed: failure })
    await expect(visit()).rejects.toBe(failure)
    expect(released).toEqual([{ failed: false }])
  })

  it('that is aborted is dropped: its lease runs out', async () => {
    const abort = new AbortController()
    const { visit, commits, released } = open({
      lease: leaseOf('cat'),
      fetch: async () => {
        abort.abort(new Error('stop'))
        return { kind: 'failed', reason: 'cancelled', detail: '' }
      },
    })
    expect(await visit(never, abort.signal)).toEqual({ kind: 'done' })
    expect([commits, released]).toEqual([[], []])
  })
})
