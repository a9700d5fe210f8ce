import { open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { storedFormats } from '../../../src/records/index.js'
import { folderStore, type PartRow, readPart, sweepParts, writePart } from '../../../src/shard/index.js'
import { encodePlaces, type PlacedImage, placesMember, readPlaces } from '../../../src/shard/part-places.js'
import { runs } from '../../fixtures/runs.js'
import {
  calm,
  keptRow,
  picture,
  rejectedRow,
  sha256,
  tempFolder,
} from '../../fixtures/shard/dataset-fixture.js'

async function someRows(): Promise<PartRow[]> {
  return [keptRow(1, await picture(1)), rejectedRow(2), rejectedRow(3, 'dns'), keptRow(4, await picture(4))]
}

const name = '.pairmill/parts/b-1.tar'

describe('a part', () => {
  it('has a ledger row for every candidate, in order, and an image for every kept one', async () => {
    const store = folderStore(await tempFolder())
    const rows = await someRows()
    const receipt = await writePart(store, name, rows, calm)
    const copy = await store.localCopy(name, calm)
    const bytes = await readFile(copy!.path)
    expect(receipt).toEqual({ name, size: bytes.length, sha256: sha256(bytes), kept: 2, rows: 4 })
    const index = await readPart(copy!.path)
    expect(index.rows).toEqual(rows.map(({ row }) => row))
    expect([...index.images.keys()]).toEqual([0, 3])
    for (const [row, { offset, size, format }] of index.images) {
      expect(format).toBe('jpg')
      expect(bytes.subarray(offset, offset + size).equals(rows[row]?.image?.bytes ?? Buffer.alloc(0))).toBe(
        true,
      )
    }
  })

  it('can be empty, or hold nothing but rejected rows', async () => {
    const store = folderStore(await tempFolder())
    expect(await writePart(store, name, [], calm)).toMatchObject({ kept: 0, rows: 0 })
    expect(await writePart(store, '.pairmill/parts/c.tar', [rejectedRow(1)], calm)).toMatchObject({
      kept: 0,
      rows: 1,
    })
    expect((await readPart((await store.localCopy(name, calm))!.path)).rows).toEqual([])
  })

  it('is written from rows as they come, with the same bytes', async () => {
    const store = folderStore(await tempFolder())
    const rows = await someRows()
    const { sha256: sum } = await writePart(store, name, rows, calm)
    const stream = (async function* () {
      yield* rows
    })()
    expect((await writePart(store, '.pairmill/parts/b-2.tar', stream, calm)).sha256).toBe(sum)
  })

  it('refuses what no shard could be written from, and leaves nothing behind', async () => {
    const store = folderStore(await tempFolder())
    const image = await picture(1)
    const bad: PartRow[] = [
      { ...keptRow(1, image), image: null },
      { row: rejectedRow(1).row, image: { bytes: image, format: 'jpg' } },
      keptRow(1, image, { caption: ' \n' }),
      keptRow(1, image, { storedSha256: null }),
    ]
    for (const row of bad) await expect(writePart(store, name, [row], calm)).rejects.toThrow('row 0')
    expect(await store.stat(name, calm)).toBeNull()
    expect(await readdir(await store.scratch())).toEqual([])
  })

  it('never replaces another: its name carries a token', async () => {
    const store = folderStore(await tempFolder())
    await writePart(store, name, [], calm)
    await expect(writePart(store, name, await someRows(), calm)).rejects.toThrow('written before')
    expect((await readPart((await store.localCopy(name, calm))!.path)).rows).toEqual([])
  })

  it('is swept away where nobody names it', async () => {
    const store = folderStore(await tempFolder())
    for (const token of ['1', '2', '3']) await writePart(store, `.pairmill/parts/b-${token}.tar`, [], calm)
    expect(await sweepParts(store, async () => new Set(), 60_000)).toBe(0)
    expect(await sweepParts(store, async () => new Set(['.pairmill/parts/b-2.tar']), 0)).toBe(2)
    expect(await store.stat('.pairmill/parts/b-2.tar', calm)).not.toBeNull()
    expect(await store.stat('.pairmill/parts/b-1.tar', calm)).toBeNull()
  })
})

describe('the places that a part ends with', () => {
  const placesOf = async (bytes: Uint8Array) => {
    const path = join(await tempFolder(), 'part.tar')
    await writeFile(path, bytes)
    const file = await open(path)
    try {
      return await readPlaces(file)
    } finally {
      await file.close()
    }
  }

  const number = fc.nat(2 ** 31 - 1)
  const image = fc.record({
    row: number,
    format: fc.constantFrom(...storedFormats),
    offset: fc.nat(9_000),
    size: fc.nat(900),
  })

  it('are read from its end as they were written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(image, { maxLength: 50 }), fc.nat(9_000), async (images, offset) => {
        const places = { images, ledger: { offset, size: 100 } }
        const bytes = encodePlaces(places)
        expect(bytes.length % 512).toBe(0)
        expect(await placesOf(Buffer.concat([Buffer.alloc(10_000), bytes, Buffer.alloc(1024)]))).toEqual(
          places,
        )
      }),
      { numRuns: runs.file },
    )
  })

  it('are those that its members have', async () => {
    const store = folderStore(await tempFolder())
    await writePart(store, name, await someRows(), calm)
    const copy = await store.localCopy(name, calm)
    const whole = await readFile(copy!.path)
    const told = await placesOf(whole)
    // As an earlier version wrote it: the last member goes, and with it what tells of the others.
    const at = whole.indexOf(placesMember)
    await writeFile(copy!.path, Buffer.concat([whole.subarray(0, at), Buffer.alloc(1024)]))
    expect(await placesOf(await readFile(copy!.path))).toBeNull()
    const walked = await readPart(copy!.path)
    expect(walked.ledger).toEqual(told!.ledger)
    expect([...walked.images].map(([row, rest]) => ({ row, ...rest }))).toEqual(told!.images)
  })

  it('are none where a number of them lies outside, is no number, or was damaged', async () => {
    const good = { row: 1, format: 'jpg', offset: 10, size: 20 }
    const wrap = (images: readonly PlacedImage[]) =>
      Buffer.concat([
        Buffer.alloc(512),
        encodePlaces({ images, ledger: { offset: 0, size: 5 } }),
        Buffer.alloc(1024),
      ])
    expect(await placesOf(wrap([good]))).not.toBeNull()
    for (const bad of [
      { offset: 5_000 },
      { size: 5_000 },
      { row: -1 },
      { offset: 1.5 },
      { size: Number.NaN },
      { format: 'bmp' },
    ])
      expect(await placesOf(wrap([{ ...good, ...bad }]))).toBeNull()
    const bytes = wrap([good])
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.nat(255),
        fc.nat(bytes.length),
        async (at, value, end) => {
          const spoilt = Buffer.from(bytes.subarray(0, end))
          if (at < spoilt.length) spoilt[at] = value
          await placesOf(spoilt)
        },
      ),
      { numRuns: runs.file },
    )
  })
})
