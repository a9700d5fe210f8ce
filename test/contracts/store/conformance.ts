import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  clearScratch,
  compileDataset,
  executePlan,
  type PutOptions,
  removePlanParts,
  type Store,
  sweepParts,
  verifyDataset,
  writePlan,
} from '../../../src/shard/index.js'
import { pieceBytes } from '../../../src/shard/s3/pieces.js'
import { runs } from '../../fixtures/runs.js'
import { calm, datasetInfo, planOf, sha256 } from '../../fixtures/shard/dataset-fixture.js'

/** What every store does. `open` gives an empty one; `conditional`: what it must say of itself. */
export function storeConformance(open: () => Promise<Store>, conditional: boolean): void {
  const text = async (store: Store, name: string) => {
    const bytes = await store.read(name, calm)
    return bytes === null ? null : Buffer.from(bytes).toString()
  }

  it('creates a name once: who comes later is told so and changes nothing', async () => {
    const store = await open()
    expect(await store.putBytes('.pairmill/x/one', Buffer.from('first'), { ifAbsent: true }, calm)).toBe(
      'stored',
    )
    expect(await store.putBytes('.pairmill/x/one', Buffer.from('second'), { ifAbsent: true }, calm)).toBe(
      'exists',
    )
    expect(await text(store, '.pairmill/x/one')).toBe('first')
    expect(await readdir(await store.scratch())).toEqual([])
  })

  if (conditional) {
    it('creates a name in one step: of many at the same time one wins, and the bytes are wholly theirs', async () => {
      const store = await open()
      expect(store.conditional).toBe(true)
      const contents = Array.from({ length: 16 }, (_, i) => String(i).repeat(10_000))
      const outcomes = await Promise.all(
        contents.map((content) =>
          store.putBytes('.pairmill/x/one', Buffer.from(content), { ifAbsent: true }, calm),
        ),
      )
      expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1)
      expect(await text(store, '.pairmill/x/one')).toBe(contents[outcomes.indexOf('stored')])
    })
  } else {
    it('says that it cannot create a name in one step', async () => {
      expect((await open()).conditional).toBe(false)
    })
  }

  it('replaces a name where it may', async () => {
    const store = await open()
    for (const content of ['one', 'two', '']) {
      expect(await store.putBytes('a', Buffer.from(content), { ifAbsent: false }, calm)).toBe('stored')
      expect(await text(store, 'a')).toBe(content)
    }
  })

  it('moves a local file, and takes it away too where the name stood already', async () => {
    const store = await open()
    const local = join(await store.scratch(), 'built')
    for (const outcome of ['stored', 'exists']) {
      await writeFile(local, outcome)
      expect(await store.putFile('a.tar', local, { ifAbsent: true }, calm)).toBe(outcome)
      await expect(readFile(local)).rejects.toThrow('ENOENT')
    }
    expect(await text(store, 'a.tar')).toBe('stored')
  })

  it.each([0, 1, pieceBytes - 1, pieceBytes, pieceBytes + 1, 2.5 * pieceBytes])(
    'gives back %i bytes as they were, in memory, as a file and as sums',
    async (size) => {
      const store = await open()
      const bytes = randomBytes(size)
      const local = join(await store.scratch(), 'built')
      await writeFile(local, bytes)
      expect(await store.putFile('a.tar', local, { ifAbsent: true }, calm)).toBe('stored')
      expect(await store.stat('a.tar', calm)).toEqual({ size })
      expect(bytes.equals((await store.read('a.tar', calm))!)).toBe(true)
      expect(await store.sums('a.tar', ['sha256'], calm)).toEqual({ size, sha256: sha256(bytes), md5: '' })
      const copy = await store.localCopy('a.tar', calm)
      expect(bytes.equals(await readFile(copy!.path))).toBe(true)
      await copy!.release()
      expect(await readdir(await store.scratch())).toEqual([])
    },
  )

  it.each([0, 1, pieceBytes, pieceBytes + 1, 2.5 * pieceBytes])(
    'says of %i bytes that they are proven where they are those of the sums, and of none else',
    async (size) => {
      const store = await open()
      const bytes = randomBytes(size)
      const md5 = createHash('md5').update(bytes).digest('hex')
      const local = join(await store.scratch(), 'built')
      const put = async (sums: PutOptions['sums'], ifAbsent = false) => {
        await writeFile(local, bytes)
        return await store.putFile(
          'a.tar',
          local,
          sums === undefined ? { ifAbsent } : { ifAbsent, sums },
          calm,
        )
      }
      expect(await put({ size, md5 }, true)).toBe('proven')
      expect(await put({ size, md5 })).toBe('proven')
      expect(await put({ size: size + 1, md5 })).toBe('stored')
      expect(await put(undefined)).toBe('stored')
      expect(await put({ size, md5 }, true)).toBe('exists')
    },
  )

  it('lists the names under a prefix, not those of folders below', async () => {
    const store = await open()
    const given = [
      '00000.tar',
      '.pairmill/parts/b1-x.tar',
      '.pairmill/parts/b2-x.tar',
      '.pairmill/entries/0.json',
    ]
    for (const name of given) await store.putBytes(name, Buffer.from('abc'), { ifAbsent: true }, calm)
    const names = async (prefix: string) => {
      const found: string[] = []
      for await (const { name, size } of store.list(prefix, calm)) found.push(`${name} ${size}`)
      return found.sort()
    }
    expect(await names('')).toEqual(['00000.tar 3'])
    expect(await names('.pairmill/parts/')).toEqual([
      '.pairmill/parts/b1-x.tar 3',
      '.pairmill/parts/b2-x.tar 3',
    ])
    expect(await names('.pairmill/parts/b2')).toEqual(['.pairmill/parts/b2-x.tar 3'])
    expect(await names('.pairmill/nothing/')).toEqual([])
  })

  it('answers null for what is not there, and removing it is no error', async () => {
    const store = await open()
    expect(await store.read('a/b', calm)).toBeNull()
    expect(await store.stat('a', calm)).toBeNull()
    expect(await store.sums('a', ['md5'], calm)).toBeNull()
    expect(await store.localCopy('a', calm)).toBeNull()
    await store.remove('a', calm)
    await store.putBytes('a', Buffer.from('x'), { ifAbsent: true }, calm)
    await store.remove('a', calm)
    expect(await store.stat('a', calm)).toBeNull()
    expect(await readdir(await store.scratch())).toEqual([])
  })

  it('reads a part of what lies there, as far as it goes', async () => {
    const store = await open()
    const bytes = randomBytes(1000)
    await store.putBytes('a.tar', bytes, { ifAbsent: false }, calm)
    for (const [offset, size] of [
      [0, 1],
      [0, 1000],
      [10, 500],
      [999, 1],
      [990, 100],
      [1000, 10],
      [5000, 10],
    ] as const) {
      const part = await store.readRange('a.tar', { offset, size }, calm)
      expect(bytes.subarray(offset, offset + size).equals(part!)).toBe(true)
    }
    expect(await store.readRange('b.tar', { offset: 0, size: 1 }, calm)).toBeNull()
  })

  it('refuses a name that would leave it', async () => {
    const store = await open()
    for (const name of ['../a', '/a', 'a/../../b', '', 'a//b', './a', 'a\\b']) {
      await expect(store.putBytes(name, Buffer.from('x'), { ifAbsent: false }, calm)).rejects.toThrow(
        RangeError,
      )
    }
  })

  it('does nothing for who has given up already', async () => {
    const store = await open()
    const over = AbortSignal.abort(new Error('over'))
    const local = join(await store.scratch(), 'built')
    await writeFile(local, 'x')
    await expect(store.putFile('a', local, { ifAbsent: false }, over)).rejects.toThrow('over')
    await expect(store.stat('a', over)).rejects.toThrow('over')
    await expect(store.remove('a', over)).rejects.toThrow('over')
    await expect(store.localCopy('a', over)).rejects.toThrow('over')
    expect(await readFile(local, 'utf8')).toBe('x')
    expect(await store.read('a', calm)).toBeNull()
  })

  it('clears away what a killed process left half built', async () => {
    const store = await open()
    await writeFile(join(await store.scratch(), '00000-x.tar'), 'half')
    await clearScratch(store)
    expect(await readdir(await store.scratch())).toEqual([])
  })

  it('keeps what a plain map would keep, whatever is written, removed and read', async () => {
    const names = fc.constantFrom('a', 'b.json', 'd/a', 'd/e/a')
    const content = fc.string({ maxLength: 20 })
    const step = fc.oneof(
      fc.record({ do: fc.constant('put' as const), name: names, content, ifAbsent: fc.boolean() }),
      fc.record({ do: fc.constant('remove' as const), name: names }),
      fc.record({ do: fc.constant('read' as const), name: names }),
    )
    let round = 0
    const store = await open()
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const folder = `round${round++}/`
        const known = new Map<string, string>()
        for (const one of steps) {
          const name = folder + one.name
          if (one.do === 'remove') {
            await store.remove(name, calm)
            known.delete(name)
          } else if (one.do === 'read') {
            expect(await text(store, name)).toBe(known.get(name) ?? null)
          } else {
            const taken = one.ifAbsent && known.has(name)
            const bytes = Buffer.from(one.content)
            expect(await store.putBytes(name, bytes, { ifAbsent: one.ifAbsent }, calm)).toBe(
              taken ? 'exists' : 'stored',
            )
            if (!taken) known.set(name, one.content)
          }
        }
        for (const name of ['a', 'b.json', 'd/a', 'd/e/a'])
          expect(await text(store, folder + name)).toBe(known.get(folder + name) ?? null)
      }),
      { numRuns: runs.world },
    )
  })

  describe('as the place of a dataset', () => {
    it('holds one that verify finds nothing wrong with, and writing it again changes nothing', async () => {
      const store = await open()
      const plan = await planOf(store, [
        { kept: 9, rejected: 3, losers: 1 },
        { kept: 8, rejected: 0 },
      ])
      expect(await writePlan(store, plan, calm)).toBe('stored')
      const first = await executePlan({ store }, plan, () => {}, calm)
      const again = await executePlan({ store }, plan, () => {}, calm)
      expect(again).toEqual(first)
      await compileDataset(store, datasetInfo, calm)
      const found = await verifyDataset(store, () => {}, calm)
      expect(found).toMatchObject({ problems: [], shards: 2, samples: 16, underWay: [] })
      await removePlanParts(store, plan, calm)
      expect(await sweepParts(store, async () => new Set(), 0, calm)).toBe(0)
      expect(await readdir(await store.scratch())).toEqual([])
    })

    it('sweeps the parts that nothing names', async () => {
      const store = await open()
      for (const name of ['b1-x.tar', 'b2-y.tar'])
        await store.putBytes(`.pairmill/parts/${name}`, Buffer.from('part'), { ifAbsent: true }, calm)
      expect(await sweepParts(store, async () => new Set(['.pairmill/parts/b1-x.tar']), 0, calm)).toBe(1)
      expect(await store.stat('.pairmill/parts/b2-y.tar', calm)).toBeNull()
      expect(await store.stat('.pairmill/parts/b1-x.tar', calm)).toEqual({ size: 4 })
    })

    it('shows verify a shard whose bytes became others', async () => {
      const store = await open()
      const plan = await planOf(store, [{ kept: 5, rejected: 1 }])
      await writePlan(store, plan, calm)
      await executePlan({ store }, plan, () => {}, calm)
      const tar = Buffer.from((await store.read('00000.tar', calm))!)
      tar[600] = (tar[600] ?? 0) ^ 1
      await store.putBytes('00000.tar', tar, { ifAbsent: false }, calm)
      const { problems } = await verifyDataset(store, () => {}, calm)
      expect(problems.map(({ file, message }) => `${file} ${message}`)).toContain(
        '00000.tar has another sha256 than its entry says',
      )
    })
  })
}
