import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseUids, type TextModel } from '../../../src/curate/index.js'
import { createDigestSet, encodeHalves, rejectEntries, sha256Of } from '../../../src/records/index.js'
import {
  encodeRetracted,
  folderStore,
  readEntries,
  type Store,
  verifyDataset,
} from '../../../src/shard/index.js'
import {
  crawled,
  curateInto,
  curateTo,
  numbered,
  pairsOf,
  requestOf,
} from '../../fixtures/curate/curating.js'
import { runs } from '../../fixtures/runs.js'
import { bytesUnder, calm, embeddingsOf, sha256, tempFolder } from '../../fixtures/shard/dataset-fixture.js'
import { sweptStore } from '../../fixtures/shard/swept-store.js'

const uidOf = (n: number) => sha256(`source ${n}`).slice(0, 32)
const problemsOf = async (store: Store) => (await verifyDataset(store, () => {}, calm)).problems
const manifestOf = async (dir: string) => JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8'))

describe('a dataset that is curated', () => {
  it('has the same pairs where nothing is cut: records, uids, images and embeddings, under new keys', async () => {
    const source = await crawled([...numbered(23), 'rejected', 'rejected'])
    const dir = await tempFolder()
    const end = await curateTo(dir, [source], requestOf({ shardSize: 7 }))
    expect(end).toMatchObject({ kind: 'done', sets: [{ side: null, summary: { samples: 23, rows: 23 } }] })
    const curated = folderStore(dir)
    expect(await problemsOf(curated)).toEqual([])
    const [before, after] = [await pairsOf(source), await pairsOf(curated)]
    const plain = (pairs: typeof before) =>
      pairs.map(({ json: { key: _, ...rest }, image }) => ({ rest, image }))
    expect(plain(after)).toEqual(plain(before))
    const sizes = [5, 6, 6, 6]
    expect(after.map(({ key }) => key)).toEqual(
      sizes.flatMap((size, shard) => Array.from({ length: size }, (_, i) => `0000${shard}${i}`)),
    )
    const entries = await readEntries(curated)
    expect(entries.map(({ samples }) => samples)).toEqual(sizes)
    expect(entries.every(({ files }) => files.some(({ name }) => name.startsWith('img_emb/')))).toBe(true)
  })

  it('is made of a dataset of version 1 too, whose tars have no index', async () => {
    const source = await crawled(numbered(13))
    const dir = await tempFolder()
    await curateTo(dir, [await asOld(source)])
    const [before, after] = [await pairsOf(source), await pairsOf(folderStore(dir))]
    expect(after.map(({ uid, image }) => [uid, image])).toEqual(before.map(({ uid, image }) => [uid, image]))
    expect(await problemsOf(folderStore(dir))).toEqual([])
  })

  it('is not made of a tar that is cut, or of other images than its rows tell of', async () => {
    const source = await crawled(numbered(13))
    const tar = new URL(`${source.url}/00000.tar`)
    const bytes = await readFile(tar)
    await writeFile(tar, bytes.subarray(0, -1024))
    await expect(curateTo(await tempFolder(), [source])).rejects.toThrow('00000.tar has')
    bytes.fill(0, 600, 700)
    await writeFile(tar, bytes)
    await expect(curateTo(await tempFolder(), [source])).rejects.toThrow('is not the one its row tells of')
  })

  it('has the same bytes whenever it is made, and is whole where it stands', async () => {
    const sources = [await crawled(numbered(20)), await crawled(numbered(9, 100))]
    const request = requestOf({ shuffle: 'seed', shardSize: 4, keepLedger: true, maxPerHost: 25 })
    const [one, two] = [await tempFolder(), await tempFolder()]
    await curateTo(one, sources, request)
    await curateTo(two, sources, request)
    const bytes = await bytesUnder(one)
    expect(await bytesUnder(two)).toEqual(bytes)
    expect(await curateTo(one, sources, request)).toMatchObject({ kind: 'done', steps: null })
    expect(await bytesUnder(one)).toEqual(bytes)
  })

  it('ends with the bytes of an undisturbed one, wherever it was stopped, and verifies meanwhile', async () => {
    const sources = [await crawled(numbered(9)), await crawled(numbered(6, 100))]
    const request = requestOf({ shuffle: 'seed', shardSize: 4, split: parts, keepLedger: true })
    const undisturbed = await tempFolder()
    await curateTo(undisturbed, sources, request)
    const bytes = await bytesUnder(undisturbed)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 45 }), { minLength: 1, maxLength: 2 }), async (stops) => {
        const dir = await tempFolder()
        for (const steps of stops) {
          const stop = new AbortController()
          const out = (side: string | null) =>
            stoppedAfter(folderStore(side === null ? dir : join(dir, side)), steps, stop)
          await curateInto(out, sources, request, stop.signal).catch(() => {})
          for (const side of ['train', 'val'])
            expect(await problemsOf(folderStore(join(dir, side)))).toEqual([])
        }
        await curateTo(dir, sources, request)
        for (const side of ['', 'train', 'val'])
          await rm(join(dir, side, '.pairmill/tmp'), { recursive: true, force: true })
        expect(await bytesUnder(dir)).toEqual(bytes)
      }),
      { numRuns: runs.world },
    )
  }, 120_000)

  it('says where it comes from, and when its sources ended', async () => {
    const source = await crawled(numbered(3))
    const dir = await tempFolder()
    await curateTo(dir, [source], requestOf({ top: { share: 0.5 } }))
    const manifest = await manifestOf(dir)
    const digest = sha256(await readFile(new URL(`${source.url}/manifest.json`)))
    expect(manifest.curated_from).toEqual({
      sources: [
        { place: source.url.split('/').at(-1), run: 'run-1', generation: 1, manifest_sha256: digest },
      ],
      request: { top: '50%' },
    })
    expect((await readEntries(folderStore(dir))).map(({ createdAt }) => createdAt)).toEqual([
      '2024-05-01T12:00:00.000Z',
    ])
  })

  it('is swept of what writers that died began an hour ago, by each command that writes it, and by no other', async () => {
    const sources = [await crawled(numbered(4))]
    const { store, swept } = sweptStore(folderStore(await tempFolder()))
    for (const count of [2, 2, 3]) await curateInto(() => store, sources, requestOf({ top: { count } }))
    expect(swept).toEqual([3_600_000, 3_600_000])
  })

  it('is refused where another command, or other sources, began it', async () => {
    const source = await crawled(numbered(4))
    const dir = await tempFolder()
    await curateTo(dir, [source], requestOf({ top: { count: 2 } }))
    expect(await curateTo(dir, [source], requestOf({ top: { count: 3 } }))).toMatchObject({
      kind: 'differs',
      message: expect.stringContaining('--top was 2, and is 3'),
    })
    const other = await crawled(numbered(5))
    expect(await curateTo(dir, [other], requestOf({ top: { count: 2 } }))).toMatchObject({
      kind: 'differs',
      message: expect.stringContaining('is not what it was'),
    })
  })

  it('takes the best, the best of each language, and so many of each host', async () => {
    const source = await crawled(
      numbered(20, 1, (n) => ({
        clipScore: n / 100,
        embeddings: embeddingsOf(n / 100),
        language: n <= 15 ? 'en' : 'de',
        pageUrl: `https://h${n % 2}.example/${n}`,
      })),
    )
    const kept = async (changes: Parameters<typeof requestOf>[0]) => {
      const dir = await tempFolder()
      await curateTo(dir, [source], requestOf(changes))
      return new Set((await pairsOf(folderStore(dir))).map(({ uid }) => uid))
    }
    const uids = (...numbers: number[]) => new Set(numbers.map(uidOf))
    expect(await kept({ top: { share: 0.2 } })).toEqual(uids(20, 19, 18, 17))
    expect(await kept({ top: { share: 0.2 }, per: 'language' })).toEqual(uids(20, 15, 14, 13))
    expect(await kept({ maxPerHost: 1 })).toEqual(uids(20, 19))
    expect(await kept({ top: { count: 1 }, by: 'width' })).toEqual(uids(6))
    const list = parseUids(`# mine\n${uidOf(3)}\n${'0'.repeat(32)}\n`)
    if ('problem' in list) throw new Error(list.problem)
    expect(await kept({ uids: list })).toEqual(uids(3))
  })

  it('holds an image of several sources once: where its pair is better', async () => {
    const near = (n: number) => ({ phash: (n ^ 0b101).toString(16).padStart(16, '0') })
    const far = (n: number) => ({ phash: sha256(`far ${n}`).slice(0, 16) })
    const scored = (score: number) => ({ clipScore: score, embeddings: embeddingsOf(score) })
    const first = await crawled([
      { n: 1, changes: { ...far(1), ...scored(0.2) } },
      { n: 2, changes: { ...far(2), ...scored(0.4) } },
      { n: 0x500000, changes: scored(0.3) },
    ])
    const second = await crawled([
      { n: 1, changes: { ...far(1), ...scored(0.3), caption: 'the better one' } },
      { n: 2, changes: { ...far(2), ...scored(0.3) } },
      { n: 4, changes: { ...near(0x500000), ...scored(0.2) } },
      { n: 5, changes: { ...far(5), ...scored(0.2) } },
    ])
    const dir = await tempFolder()
    const end = await curateTo(dir, [first, second])
    expect(end).toMatchObject({
      steps: [
        ['sources', 7],
        ['duplicates', 4],
      ],
    })
    const pairs = await pairsOf(folderStore(dir))
    expect(new Map(pairs.map(({ uid, json }) => [uid, json.clip_score]))).toEqual(
      new Map([
        [uidOf(2), 0.4],
        [uidOf(0x500000), 0.3],
        [uidOf(1), 0.3],
        [uidOf(5), 0.2],
      ]),
    )
    expect(await problemsOf(folderStore(dir))).toEqual([])
  })

  it('has of images that look alike to the model the better pair, and says in which cluster each is', async () => {
    const looks = (angle: number) => {
      const image = Float32Array.of(Math.cos(angle), Math.sin(angle), 0)
      const both = [encodeHalves(image), encodeHalves(Float32Array.of(0, 0, 1))]
      return { embeddings: Buffer.concat(both).toString('base64'), clipScore: 0 }
    }
    const source = await crawled([
      { n: 1, changes: { ...looks(0), originalWidth: 10 } },
      { n: 2, changes: { ...looks(0.05), originalWidth: 30 } },
      { n: 3, changes: { ...looks(0.1), originalWidth: 20 } },
      { n: 4, changes: { ...looks(1.5), originalWidth: 5 } },
    ])
    const dir = await tempFolder()
    const end = await curateTo(dir, [source], requestOf({ dedupeCosine: 0.99, by: 'original_width' }))
    expect(end).toMatchObject({
      steps: [
        ['sources', 4],
        ['dedupe-cosine', 2],
      ],
    })
    const pairs = await pairsOf(folderStore(dir))
    expect(new Map(pairs.map(({ uid, json }) => [uid, json.semantic_group]))).toEqual(
      new Map([
        [uidOf(2), 0],
        [uidOf(4), 0],
      ]),
    )
    expect(await problemsOf(folderStore(dir))).toEqual([])
    const plain = await crawled(numbered(3, 1, () => ({ embeddings: null })))
    expect(await curateTo(await tempFolder(), [plain], requestOf({ dedupeCosine: 0.9 }))).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('the sources have none'),
    })
  })

  it('holds nothing that was taken back from one of its sources, no row of it, and hands its tombstones on', async () => {
    const hosts = (n: number) => ({
      pageUrl: `https://h${n % 3}.example/${n}`,
      licenceUrl: 'https://h1.example/terms',
    })
    const first = await crawled([...numbered(9, 1, hosts), 'rejected'])
    const second = await crawled(numbered(4, 50, (n) => ({ phash: sha256(`far ${n}`).slice(0, 16) })))
    const tombstones = rejectEntries((kind, width) =>
      createDigestSet(
        width,
        kind === 'hosts'
          ? sha256Of('h1.example')
          : kind === 'images'
            ? Buffer.from(sha256('source 51'), 'hex')
            : new Uint8Array(),
      ),
    )
    const bytes = encodeRetracted(tombstones)
    await second.putBytes('.pairmill/retracted.json', bytes, { ifAbsent: true }, calm)
    const dir = await tempFolder()
    const end = await curateTo(dir, [first, second], requestOf({ keepLedger: true, maxPerHost: 2 }))
    expect(end).toMatchObject({
      steps: [
        ['sources', 13],
        ['reject', 9],
        ['duplicates', 9],
        ['max-per-host', 6],
      ],
    })
    for (const [name, text] of await bytesUnder(dir)) {
      const plain = Buffer.from(text, 'base64').toString('latin1')
      if (!name.endsWith('.parquet')) expect([name, plain.includes('h1.example')]).toEqual([name, false])
    }
    expect(Buffer.from((await folderStore(dir).read('.pairmill/retracted.json', calm)) ?? [])).toEqual(bytes)
    expect((await manifestOf(dir)).reasons).toEqual({ curated_out: 3, http_4xx: 1 })
    expect(await problemsOf(folderStore(dir))).toEqual([])

    const list = { entries: tombstones, digest: 'd' }
    const listed = await tempFolder()
    await curateTo(listed, [first], requestOf({ reject: list }))
    expect((await pairsOf(folderStore(listed))).map(({ host }) => host)).not.toContain('h1.example')
    expect(await folderStore(listed).read('.pairmill/retracted.json', calm)).toBeNull()
  })

  it('is of one model, unless it is said what is better; then it has no embeddings', async () => {
    const other = { modelId: 'other/1' }
    const sources = [
      await crawled(numbered(2)),
      await crawled(
        numbered(2, 50, () => other),
        { plan: other },
      ),
    ]
    const dir = await tempFolder()
    expect(await curateTo(dir, sources)).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('--by COLUMN'),
    })
    await curateTo(dir, sources, requestOf({ by: 'original_width' }))
    const [entry] = await readEntries(folderStore(dir))
    expect(entry?.modelId).toBeNull()
    expect(entry?.files.some(({ name }) => name.includes('emb'))).toBe(false)
    expect(await problemsOf(folderStore(dir))).toEqual([])
  })

  it('is of one format', async () => {
    const sources = [await crawled(numbered(2)), await crawled(numbered(2, 50))]
    const png = JSON.parse(await readFile(new URL(`${sources[1]?.url}/manifest.json`), 'utf8'))
    await sources[1]?.putBytes(
      'manifest.json',
      Buffer.from(JSON.stringify({ ...png, format: 'png' })),
      { ifAbsent: false },
      calm,
    )
    expect(await curateTo(await tempFolder(), sources)).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('holds jpg, and'),
    })
  })

  it('keeps what was rejected, and what is cut, where it is told to', async () => {
    const source = await crawled([...numbered(12), 'rejected', 'rejected', 'rejected'])
    const dir = await tempFolder()
    await curateTo(dir, [source], requestOf({ top: { count: 5 }, keepLedger: true, shards: 2 }))
    const entries = await readEntries(folderStore(dir))
    expect(entries.map(({ samples, rows }) => [samples, rows])).toEqual([
      [2, 7],
      [3, 8],
    ])
    expect((await manifestOf(dir)).reasons).toEqual({ curated_out: 7, http_4xx: 3 })
    expect(await problemsOf(folderStore(dir))).toEqual([])
  })

  it('has no group on two sides of a split, and loses none', async () => {
    const hostOf = (n: number) => ({ pageUrl: `https://h${n % 9}.example/${n}` })
    const source = await crawled(numbered(60, 1, hostOf))
    const dir = await tempFolder()
    await curateTo(dir, [source], requestOf({ split: parts, groupBy: 'page_host' }))
    const [train, val] = [
      await pairsOf(folderStore(join(dir, 'train'))),
      await pairsOf(folderStore(join(dir, 'val'))),
    ]
    const hosts = new Set(train.map(({ host }) => host))
    expect(val.filter(({ host }) => hosts.has(host))).toEqual([])
    expect(train.length + val.length).toBe(60)
    expect(val.length).toBeGreaterThan(0)
    for (const side of ['train', 'val']) expect(await problemsOf(folderStore(join(dir, side)))).toEqual([])
  })

  it('shuffles a list that is ordered by host as well as can be', async () => {
    const hostOf = (n: number) => ({ pageUrl: `https://h${Math.floor((n - 1) / 20)}.example/${n}` })
    const source = await crawled(numbered(200, 1, hostOf), { shardSize: 200 })
    const dir = await tempFolder()
    await curateTo(dir, [source], requestOf({ shuffle: '1', shards: 4 }))
    const hosts = (await pairsOf(folderStore(dir))).map(({ host }) => host)
    const batch = 100
    const entropies = Array.from({ length: hosts.length / batch }, (_, i) =>
      entropyOf(hosts.slice(i * batch, (i + 1) * batch)),
    )
    const mean = entropies.reduce((a, b) => a + b, 0) / entropies.length
    expect(mean / Math.log2(10)).toBeGreaterThan(0.96)
  })

  it('has the caption of the first source that a pair has, with its score, and its vector where a model gives it', async () => {
    const captions = (n: number) => [
      { source: 'alt' as const, text: `alt ${n}`, score: 0.3 },
      ...(n % 2 === 0 ? [{ source: 'title' as const, text: `title ${n}`, score: 0.2 }] : []),
      ...(n % 3 === 0 ? [{ source: 'og' as const, text: `og ${n}`, score: null }] : []),
    ]
    const scored = { clipScore: 0.3, embeddings: embeddingsOf(0.3) }
    const rows = numbered(6, 1, (n) => ({ ...scored, caption: `alt ${n}`, captions: captions(n) }))
    const source = await crawled(rows)
    const told = async (request: Parameters<typeof requestOf>[0], model: TextModel | null) => {
      const dir = await tempFolder()
      const end = await curateTo(dir, [source], requestOf(request), calm, model)
      expect(await problemsOf(folderStore(dir))).toEqual([])
      const pairs = await pairsOf(folderStore(dir))
      const [entry] = await readEntries(folderStore(dir))
      return {
        end,
        hasTexts: entry?.files.some(({ name }) => name.startsWith('text_emb/')),
        hasImages: entry?.files.some(({ name }) => name.startsWith('img_emb/')),
        captions: new Map(pairs.map(({ json }) => [json.caption, json.clip_score])),
      }
    }
    const plain = await told({ caption: ['og', 'title'] }, null)
    expect(plain).toMatchObject({
      hasTexts: false,
      hasImages: true,
      end: { notes: [expect.stringContaining('--model')] },
    })
    expect(plain.captions).toEqual(
      new Map<string, number | null>([
        ['alt 1', 0.3],
        ['title 2', 0.2],
        ['og 3', null],
        ['title 4', 0.2],
        ['alt 5', 0.3],
        ['og 6', null],
      ]),
    )
    const model: TextModel = {
      id: 'test-model/pre1',
      embedTexts: async (texts) =>
        texts.map((text) => {
          const cosine = text.startsWith('og') ? 0.5 : 0.2
          return Float32Array.of(cosine, 0, Math.sqrt(1 - cosine ** 2))
        }),
    }
    const embedded = await told({ caption: ['og', 'title'], model: model.id }, model)
    expect(embedded).toMatchObject({ hasTexts: true, end: { notes: [] } })
    expect(embedded.captions.get('title 2')).toBe(0.2)
    expect(embedded.captions.get('og 3')).toBeCloseTo(0.5, 3)
    expect((await told({ caption: ['best'] }, null)).captions.get('alt 6')).toBe(0.3)
    const other = { ...model, id: 'other' }
    expect(
      await curateTo(
        await tempFolder(),
        [source],
        requestOf({ caption: ['og'], model: 'other' }),
        calm,
        other,
      ),
    ).toMatchObject({
      kind: 'refused',
    })
  })

  it('is not made of nothing', async () => {
    const source = await crawled(numbered(3))
    const none = parseUids('0'.repeat(32))
    if ('problem' in none) throw new Error(none.problem)
    const dir = await tempFolder()
    expect(await curateTo(dir, [source], requestOf({ uids: none }))).toMatchObject({ kind: 'refused' })
    expect(await curateTo(dir, [folderStore(await tempFolder())])).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('no dataset is there'),
    })
    expect(await bytesUnder(dir)).toEqual(new Map())
  })
})

/** A dataset without what version 1 did not have beside its tars. */
async function asOld(store: Store): Promise<Store> {
  const manifest = JSON.parse(Buffer.from((await store.read('manifest.json', calm)) ?? []).toString())
  const shards = manifest.shards.map(({ files, ...shard }: { files: { name: string }[] }) => ({
    ...shard,
    files: files.filter(({ name }) => !/emb|metadata|\.idx$/.test(name)),
  }))
  const old = { ...manifest, v: 1, uids: null, shards }
  await store.putBytes('manifest.json', Buffer.from(JSON.stringify(old)), { ifAbsent: false }, calm)
  return store
}

const parts = [
  { name: 'train', share: 0.6 },
  { name: 'val', share: 0.4 },
]

function entropyOf(names: readonly string[]): number {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts.values()].reduce((sum, count) => {
    const share = count / names.length
    return sum - share * Math.log2(share)
  }, 0)
}

/** A store that is stopped before its n-th write. */
function stoppedAfter(store: Store, writes: number, stop: AbortController): Store {
  let left = writes
  const count = () => {
    if (left-- <= 0) stop.abort(new Error('stopped'))
    stop.signal.throwIfAborted()
  }
  return {
    ...store,
    async putFile(...given) {
      count()
      return await store.putFile(...given)
    },
    async putBytes(...given) {
      count()
      return await store.putBytes(...given)
    },
  }
}
