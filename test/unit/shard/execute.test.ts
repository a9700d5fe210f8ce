import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import { decodeHalves } from '../../../src/records/index.js'
import { stemOf } from '../../../src/shard/entry.js'
import {
  executePlan,
  folderStore,
  type Plan,
  partName,
  readEntries,
  readPlans,
  readShard,
  removePlanParts,
  type ShardEntry,
  type Store,
  writePart,
  writePlan,
} from '../../../src/shard/index.js'
import { parseNpyHeader } from '../../../src/shard/npy.js'
import { decodeTarIndex } from '../../../src/shard/tar-index.js'
import { runs } from '../../fixtures/runs.js'
import {
  bytesUnder,
  calm,
  keptRow,
  picture,
  planOf,
  rejectedRow,
  sha256,
  tempFolder,
} from '../../fixtures/shard/dataset-fixture.js'

const specs = [
  { kept: 9, rejected: 20, losers: 2, pictured: true },
  { kept: 0, rejected: 5 },
  { kept: 13, rejected: 3 },
  { kept: 6, rejected: 0, losers: 1 },
]

const ignore = () => {}

async function samplesOf(dir: string, entry: ShardEntry) {
  const samples: {
    key: string
    image: Uint8Array
    json: Record<string, unknown>
    txt: string
    names: string[]
  }[] = []
  for await (const { key, files } of readShard(join(dir, entry.files[0]?.name ?? ''))) {
    const text = (name: string) => Buffer.from(files.get(name) ?? []).toString()
    samples.push({
      key,
      names: [...files.keys()],
      image: files.get('jpg') ?? new Uint8Array(),
      json: JSON.parse(text('json')) as Record<string, unknown>,
      txt: text('txt'),
    })
  }
  return samples
}

async function parquetOf(path: string) {
  return await parquetReadObjects({ file: await asyncBufferFromFile(path) })
}

describe('executing a plan', () => {
  it('writes every kept row once, with its image, text and record side by side', async () => {
    const dir = await tempFolder()
    const store = folderStore(dir)
    const plan = await planOf(store, specs)
    const told: ShardEntry[] = []
    let pairs = 0
    const onPair = () => pairs++
    const entries = await executePlan({ store, onPair }, plan, (entry) => told.push(entry), calm)
    expect(pairs).toBe(25)
    expect(entries.map(({ shard, samples }) => [shard, samples])).toEqual([
      [0, 8],
      [1, 8],
      [2, 9],
    ])
    expect(told).toEqual(entries)
    expect(await readEntries(store)).toEqual(entries)

    const all = (await Promise.all(entries.map((entry) => samplesOf(dir, entry)))).flat()
    expect(all.every(({ names }) => names.join() === 'jpg,json,txt')).toBe(true)
    expect(new Set(all.map(({ json }) => json.url)).size).toBe(25)
    for (const { key, image, json, txt } of all) {
      expect(json).toMatchObject({ key, caption: txt, status: 'success', error_message: null })
      expect(json.stored_sha256).toBe(sha256(image))
      expect(json.captions).toEqual([{ source: 'alt', text: txt, score: 0.3 }])
    }
    expect(all.map(({ key }) => key)).toEqual([...all.map(({ key }) => key)].sort())
  })

  it('reads back what the store does not prove, and commits nothing that reads back otherwise', async () => {
    const folder = folderStore(await tempFolder())
    const plan = await planOf(folder, specs)
    const read: string[] = []
    const unproven: Store = {
      ...folder,
      putFile: async (...given) => {
        await folder.putFile(...given)
        return 'stored'
      },
      sums: async (name, ...rest) => {
        read.push(name)
        const sums = await folder.sums(name, ...rest)
        return sums === null || name !== '00001.parquet' ? sums : { ...sums, sha256: 'another' }
      },
    }
    await expect(executePlan({ store: unproven }, plan, ignore, calm)).rejects.toThrow(
      '00001.parquet reads back',
    )
    expect((await readEntries(folder)).map(({ shard }) => shard)).toEqual([0])
    expect(read.filter((name) => name.includes('00000'))).toHaveLength(8)
    read.length = 0
    const entries = await executePlan({ store: { ...unproven, putFile: folder.putFile } }, plan, ignore, calm)
    expect([entries.length, read]).toEqual([3, []])
  })

  it('writes a parquet row for every candidate: kept ones first as in the tar, then rejected ones without a key', async () => {
    const dir = await tempFolder()
    const store = folderStore(dir)
    const plan = await planOf(store, specs)
    const entries = await executePlan({ store }, plan, ignore, calm)
    const urls: unknown[] = []
    for (const entry of entries) {
      const rows = await parquetOf(join(dir, `${stemOf(entry)}.parquet`))
      const samples = await samplesOf(dir, entry)
      expect(rows).toHaveLength(entry.rows)
      samples.forEach(({ json }, i) => {
        // The reader gives times as Date and an absent struct as undefined.
        const asJson = JSON.parse(JSON.stringify(rows[i], (_, value) => value ?? null))
        expect({ ...asJson, page_permission: asJson.page_permission ?? null }).toEqual(json)
      })
      for (const row of rows.slice(samples.length)) {
        expect(row.key).toBeNull()
        expect(row.status).not.toBe('success')
      }
      urls.push(...rows.map((row) => row.url))
    }
    expect(urls).toHaveLength(plan.parts.reduce((sum, part) => sum + part.rows, 0))
    expect(new Set(urls).size).toBe(urls.length)
  })

  it('writes where each sample begins, so that any one is one ranged read', async () => {
    const dir = await tempFolder()
    const store = folderStore(dir)
    for (const entry of await executePlan({ store }, await planOf(store, specs), ignore, calm)) {
      const tar = await readFile(join(dir, `${stemOf(entry)}.tar`))
      const offsets = decodeTarIndex(await readFile(join(dir, `${stemOf(entry)}.tar.idx`)))!
      expect(offsets).toHaveLength(entry.samples + 1)
      const samples = await samplesOf(dir, entry)
      for (const [i, { key }] of samples.entries()) {
        const ranged = tar.subarray(offsets[i], offsets[i + 1])
        expect(ranged.subarray(0, key.length + 4).toString()).toBe(`${key}.jpg`)
        expect(ranged.indexOf(`${key}.txt`)).toBeGreaterThan(0)
      }
      expect(tar.subarray(offsets.at(-1))).toEqual(Buffer.alloc(1024))
    }
  })

  it('writes the embeddings of its samples in their order', async () => {
    const dir = await tempFolder()
    const store = folderStore(dir)
    for (const entry of await executePlan({ store }, await planOf(store, specs), ignore, calm)) {
      const stem = stemOf(entry)
      const matrixOf = async (name: string) => {
        const bytes = await readFile(join(dir, name))
        const { rows, columns, offset } = parseNpyHeader(bytes)!
        expect([rows, columns, offset % 64]).toEqual([entry.samples, 3, 0])
        return decodeHalves(bytes.subarray(offset))
      }
      const images = await matrixOf(`img_emb/img_emb_${stem}.npy`)
      const texts = await matrixOf(`text_emb/text_emb_${stem}.npy`)
      const metadata = await parquetOf(join(dir, `metadata/metadata_${stem}.parquet`))
      for (const [i, { key, json, txt }] of (await samplesOf(dir, entry)).entries()) {
        expect([...images.slice(3 * i, 3 * i + 3)]).toEqual([1, 0, 0])
        expect(texts[3 * i]).toBeCloseTo(json.clip_score as number, 3)
        expect(metadata[i]).toEqual({ image_path: key, caption: txt, uid: json.uid, url: json.url })
      }
    }
  })

  it('writes none where a sample of the shard has none: it was kept before they were written', async () => {
    const dir = await tempFolder()
    const store = folderStore(dir)
    const rows = [keptRow(1, await picture(1)), keptRow(2, await picture(2), { embeddings: null })]
    const part = await writePart(store, partName('b0', 'f00d'), rows, calm)
    const plan = await planOf(store, [], {
      shards: 1,
      parts: [{ batch: 'b0', ...part, kept: [0, 1], losers: [] }],
    })
    const [entry] = await executePlan({ store }, plan, ignore, calm)
    expect(entry!.files.map(({ name }) => name)).toEqual([
      ...['00000.tar', '00000.tar.idx', '00000.parquet', '00000_stats.json'],
    ])
  })

  it('turns a row that lost its race into a rejected one that names the winner', async () => {
    const dir = await tempFolder()
    const store = folderStore(dir)
    const [entry] = await executePlan(
      { store },
      await planOf(store, [{ kept: 3, rejected: 0, losers: 1 }]),
      ignore,
      calm,
    )
    expect(entry).toMatchObject({ samples: 2, rows: 3, reasons: { duplicate_exact: 1 } })
    const rows = await parquetOf(join(dir, '00000.parquet'))
    expect(rows[2]).toMatchObject({
      key: null,
      status: 'rejected',
      error_message: 'duplicate_exact',
      duplicate_of: 'ab'.repeat(32),
      stored_sha256: null,
      width: null,
    })
  })

  it('writes stats as img2dataset names them, with times of the plan and a histogram of scores', async () => {
    const dir = await tempFolder()
    const store = folderStore(dir)
    await executePlan({ store }, await planOf(store, [{ kept: 4, rejected: 3, losers: 1 }]), ignore, calm)
    expect(JSON.parse(await readFile(join(dir, '00000_stats.json'), 'utf8'))).toEqual({
      count: 7,
      successes: 3,
      failed_to_download: 2,
      failed_to_resize: 0,
      rejected: 2,
      duration: 0,
      start_time: 1714564800,
      end_time: 1714564800,
      status_dict: { success: 3, duplicate_exact: 1, http_4xx: 2, score_low: 1 },
      score_histogram: {
        width: 0.01,
        first: 26,
        kept: [0, 0, 1, 0, 1, 0, 1].slice(0, 7),
        rejected: [1, 0, 0, 0, 0, 0, 0],
      },
    })
  })

  it('puts the rows of a plan that keeps nothing into a ledger', async () => {
    const dir = await tempFolder()
    const store = folderStore(dir)
    for (const [plan, name] of [
      [0, 'ledger'],
      [3, 'ledger_00003'],
    ] as const) {
      const [entry] = await executePlan(
        { store },
        await planOf(store, [{ kept: 0, rejected: 4 }], { plan }),
        ignore,
        calm,
      )
      expect(entry).toMatchObject({ shard: null, samples: 0, rows: 4 })
      expect(entry?.files.map((file) => file.name)).toEqual([`${name}.parquet`, `${name}_stats.json`])
      expect(await parquetOf(join(dir, `${name}.parquet`))).toHaveLength(4)
    }
  })

  it('writes half a surrogate pair the same everywhere', async () => {
    const dir = await tempFolder()
    const store = folderStore(dir)
    const row = keptRow(1, await picture(1), { caption: 'cut \ud83d here' })
    const receipt = await writePart(store, partName('b', 'x'), [row], calm)
    const plan: Plan = {
      ...(await planOf(store, [])),
      shards: 1,
      parts: [{ ...receipt, batch: 'b', kept: [0], losers: [] }],
    }
    const [entry] = await executePlan({ store }, plan, ignore, calm)
    const [sample] = await samplesOf(dir, entry!)
    expect([sample?.txt, sample?.json.caption]).toEqual(['cut \ufffd here', 'cut \ufffd here'])
  })

  it('spans many row groups and parts', async () => {
    const dir = await tempFolder()
    const store = folderStore(dir)
    const image = await picture(1)
    const parts: Plan['parts'][number][] = []
    for (let b = 0; b < 10; b++) {
      const rows = Array.from({ length: 500 }, (_, i) =>
        i === 7 ? keptRow(b, image) : rejectedRow(b * 500 + i),
      )
      parts.push({
        ...(await writePart(store, partName(`b${b}`, 'x'), rows, calm)),
        batch: `b${b}`,
        kept: [7],
        losers: [],
      })
    }
    const [entry] = await executePlan(
      { store },
      { ...(await planOf(store, [])), shards: 1, parts },
      ignore,
      calm,
    )
    expect(entry).toMatchObject({ samples: 10, rows: 5000 })
    const rows = await parquetOf(join(dir, '00000.parquet'))
    expect(rows.filter((row) => row.key !== null)).toHaveLength(10)
    expect(rows).toHaveLength(5000)
  })
})

describe('a plan that is executed again', () => {
  it('changes nothing', async () => {
    const dir = await tempFolder()
    const store = folderStore(dir)
    const plan = await planOf(store, specs)
    const first = await executePlan({ store }, plan, ignore, calm)
    const before = await bytesUnder(dir)
    expect(await executePlan({ store }, plan, ignore, calm)).toEqual(first)
    expect(await bytesUnder(dir)).toEqual(before)
  })

  it('ends with the bytes of an undisturbed run, wherever it was stopped and however often', async () => {
    const seed = await tempFolder()
    const plan = await planOf(folderStore(seed), specs)
    const calmDir = join(await tempFolder(), 'calm')
    await cp(seed, calmDir, { recursive: true })
    const steps = await countSteps(folderStore(calmDir), plan)
    const wanted = await bytesUnder(calmDir)
    const root = await tempFolder()
    let n = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: steps }), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (stops, fails) => {
          const dir = join(root, String(n++))
          await cp(seed, dir, { recursive: true })
          for (const stop of stops) await stopAfter(folderStore(dir), plan, stop, fails)
          await executePlan({ store: folderStore(dir) }, plan, ignore, calm)
          expect(await bytesUnder(dir)).toEqual(wanted)
          expect(await readdir(join(dir, '.pairmill/tmp'))).toEqual([])
        },
      ),
      { numRuns: runs.plan },
    )
  }, 120_000)

  it('gives the same bytes to two that execute it at the same time', async () => {
    const dir = await tempFolder()
    const plan = await planOf(folderStore(dir), specs)
    const [one, two] = await Promise.all([
      executePlan({ store: folderStore(dir) }, plan, ignore, calm),
      executePlan({ store: folderStore(dir) }, plan, ignore, calm),
    ])
    expect(one).toEqual(two)
  })
})

describe('what stands in the way of a plan', () => {
  const cases: [string, (dir: string, plan: Plan) => Promise<Plan | undefined>, string][] = [
    [
      'a part that is missing',
      async (dir, plan) => {
        await folderStore(dir).remove(plan.parts[0]!.name, calm)
        return undefined
      },
      'is missing',
    ],
    [
      'a part that is cut',
      async (dir, plan) => {
        const path = join(dir, plan.parts[0]!.name)
        await writeFile(path, (await readFile(path)).subarray(0, 1000))
        return undefined
      },
      '1000 bytes',
    ],
    [
      'an image that is not the one of its row',
      async (dir, plan) => {
        const path = join(dir, plan.parts[0]!.name)
        const bytes = await readFile(path)
        bytes[700] = (bytes[700] ?? 0) ^ 1
        await writeFile(path, bytes)
        return { ...plan, parts: [{ ...plan.parts[0]!, kept: [0, 2] }], shards: 1 }
      },
      'is not the one',
    ],
    [
      'a kept row that the part rejected',
      async (_dir, plan) => ({ ...plan, parts: [{ ...plan.parts[0]!, kept: [1] }], shards: 1 }),
      'unlike in the plan',
    ],
    [
      'a row that is neither kept nor lost though it has an image',
      async (_dir, plan) => ({ ...plan, parts: [{ ...plan.parts[0]!, kept: [0] }], shards: 1 }),
      'unlike in the plan',
    ],
    ['another format', async (_dir, plan) => ({ ...plan, format: 'webp' as const }), 'not of this plan'],
  ]
  for (const [what, spoil, message] of cases) {
    it(`is told: ${what}; nothing is committed then`, async () => {
      const dir = await tempFolder()
      const store = folderStore(dir)
      const plan = await planOf(store, [{ kept: 2, rejected: 2 }])
      const spoilt = (await spoil(dir, plan)) ?? plan
      await expect(executePlan({ store }, spoilt, ignore, calm)).rejects.toThrow(message)
      expect(await readEntries(store)).toEqual([])
      expect(await readdir(await store.scratch())).toEqual([])
    })
  }

  it('is told: a shard of another plan under the same number', async () => {
    const store = folderStore(await tempFolder())
    const plan = await planOf(store, [{ kept: 2, rejected: 2 }])
    await executePlan({ store }, plan, ignore, calm)
    await expect(executePlan({ store }, { ...plan, plan: 7 }, ignore, calm)).rejects.toThrow('is of plan 0')
  })
})

describe('the plans of a store', () => {
  it('are written once and read back by number', async () => {
    const store = folderStore(await tempFolder())
    const second = await planOf(store, [{ kept: 1, rejected: 1 }], { plan: 1, firstShard: 1 })
    const first = await planOf(store, [{ kept: 2, rejected: 0 }])
    expect(await writePlan(store, second, calm)).toBe('stored')
    expect(await writePlan(store, first, calm)).toBe('stored')
    expect(await writePlan(store, { ...first, seed: 'other' }, calm)).toBe('exists')
    expect(await readPlans(store)).toEqual([first, second])
  })

  it('let go of their parts only when all their shards are committed', async () => {
    const store = folderStore(await tempFolder())
    const plan = await planOf(store, specs)
    await expect(removePlanParts(store, plan)).rejects.toThrow('still needs its parts')
    await executePlan({ store }, plan, ignore, calm)
    await removePlanParts(store, plan)
    expect(await store.stat(plan.parts[0]!.name, calm)).toBeNull()
    expect(await executePlan({ store }, plan, ignore, calm)).toHaveLength(3)
  })
})

/** How many calls on the store an undisturbed execution makes. */
async function countSteps(store: Store, plan: Plan): Promise<number> {
  let steps = 0
  const counted = watched(store, () => {
    steps++
  })
  await executePlan({ store: counted }, plan, ignore, calm)
  return steps
}

/** Executes until the given call on the store, which aborts the work, or fails too. */
async function stopAfter(store: Store, plan: Plan, step: number, fails: boolean): Promise<void> {
  const controller = new AbortController()
  let steps = 0
  const stopping = watched(store, () => {
    if (steps++ < step) return
    controller.abort(new Error('stopped'))
    if (fails) throw new Error('stopped')
  })
  const outcome = await executePlan({ store: stopping }, plan, ignore, controller.signal).catch(
    (error: Error) => error,
  )
  if (outcome instanceof Error) expect(outcome.message).toMatch(/stopped|aborted/)
}

/** A store that tells of each call before and after it does its work. */
function watched(store: Store, onStep: () => void): Store {
  const around = async <T>(work: () => Promise<T>): Promise<T> => {
    onStep()
    const result = await work()
    onStep()
    return result
  }
  return {
    ...store,
    putFile: (...args) => around(() => store.putFile(...args)),
    putBytes: (...args) => around(() => store.putBytes(...args)),
    read: (...args) => around(() => store.read(...args)),
    stat: (...args) => around(() => store.stat(...args)),
    localCopy: (...args) => around(() => store.localCopy(...args)),
    scratch: () => around(() => store.scratch()),
  }
}
