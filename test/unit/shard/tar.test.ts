import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SummedFile } from '../../../src/shard/summed-file.js'
import { encodeHeader, TarError } from '../../../src/shard/tar.js'
import { readTar, scanTar } from '../../../src/shard/tar-reader.js'
import { addMember, endArchive } from '../../../src/shard/tar-writer.js'
import { runs } from '../../fixtures/runs.js'
import { sha256, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

type Member = readonly [name: string, bytes: Uint8Array]

async function writeTar(path: string, members: readonly Member[]) {
  const file = await SummedFile.create(path)
  for (const [name, bytes] of members) await addMember(file, name, bytes)
  return await endArchive(file)
}

async function membersOf(path: string): Promise<Member[]> {
  const found: Member[] = []
  for await (const { name, bytes } of readTar(path)) found.push([name, Uint8Array.from(bytes)])
  return found
}

const failure = async (path: string) =>
  await membersOf(path).then(
    () => null,
    (error: unknown) => error,
  )

describe('a tar', () => {
  it('gives back every member that was put in, in order, whatever its size', async () => {
    const dir = await tempFolder()
    let n = 0
    const member = fc.tuple(
      fc.string({ unit: fc.constantFrom(...'abc0159.-'), minLength: 1, maxLength: 100 }),
      fc.oneof(fc.uint8Array({ maxLength: 2000 }), fc.constantFrom(new Uint8Array(512), new Uint8Array(0))),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(member, { maxLength: 12 }), async (members) => {
        const path = join(dir, `${n++}.tar`)
        const sums = await writeTar(path, members)
        const bytes = await readFile(path)
        expect(await membersOf(path)).toEqual(members)
        expect({ size: bytes.length, sha256: sha256(bytes) }).toEqual({
          size: sums.size,
          sha256: sums.sha256,
        })
        expect(bytes.length % 512).toBe(0)
      }),
      { numRuns: runs.file },
    )
  })

  it('keeps its sums and bytes right across the borders of its write buffer', async () => {
    const dir = await tempFolder()
    const big = Buffer.alloc(9_500_001, 'abcdefg')
    const sums = await writeTar(join(dir, 'a.tar'), [
      ['big', big],
      ['small', Buffer.from('x')],
    ])
    const bytes = await readFile(join(dir, 'a.tar'))
    expect(sums.sha256).toBe(sha256(bytes))
    const [first] = await membersOf(join(dir, 'a.tar'))
    expect(Buffer.from(first?.[1] ?? []).equals(big)).toBe(true)
  })

  it('has the same bytes whenever it is written', async () => {
    const dir = await tempFolder()
    const members: Member[] = [['1.txt', Buffer.from('one')]]
    const first = await writeTar(join(dir, 'a.tar'), members)
    expect(await writeTar(join(dir, 'b.tar'), members)).toEqual(first)
  })

  it('tells where the members lie without reading them', async () => {
    const path = join(await tempFolder(), 'a.tar')
    const image = Buffer.alloc(200_000, 7)
    await writeTar(path, [
      ['1.jpg', image],
      ['2.txt', Buffer.from('two')],
    ])
    const handle = await open(path)
    const found: unknown[] = []
    for await (const member of scanTar(handle)) found.push(member)
    await handle.close()
    expect(found).toEqual([
      { name: '1.jpg', size: 200_000, offset: 512 },
      { name: '2.txt', size: 3, offset: 512 + 200_192 + 512 },
    ])
  })

  it('refuses a name or a size that its format cannot hold', () => {
    expect(() => encodeHeader({ name: 'x'.repeat(101), size: 1 })).toThrow(RangeError)
    expect(() => encodeHeader({ name: '', size: 1 })).toThrow(RangeError)
    expect(() => encodeHeader({ name: 'x', size: 8 ** 11 })).toThrow(RangeError)
    expect(encodeHeader({ name: 'x', size: 8 ** 11 - 1 }).toString('latin1', 124, 136)).toBe('77777777777\0')
  })
})

describe('a broken tar', () => {
  const members: Member[] = [
    ['1.jpg', Buffer.alloc(700, 1)],
    ['1.txt', Buffer.from('one')],
  ]
  const secondHeader = 512 + 1024

  it('is refused wherever it is cut', async () => {
    const dir = await tempFolder()
    const { size } = await writeTar(join(dir, 'whole.tar'), members)
    const bytes = await readFile(join(dir, 'whole.tar'))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: size - 1 }), async (length) => {
        const path = join(dir, 'cut.tar')
        await writeFile(path, bytes.subarray(0, length))
        expect(await failure(path)).toBeInstanceOf(TarError)
      }),
      { numRuns: runs.file },
    )
  })

  it('is refused wherever a bit of a header is turned', async () => {
    const dir = await tempFolder()
    await writeTar(join(dir, 'whole.tar'), members)
    const bytes = await readFile(join(dir, 'whole.tar'))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 511 }), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
        const turned = Buffer.from(bytes)
        turned[secondHeader + at] = (turned[secondHeader + at] ?? 0) ^ (1 << bit)
        const path = join(dir, 'turned.tar')
        await writeFile(path, turned)
        const read = await membersOf(path).catch((error: unknown) => error)
        if (read instanceof TarError) expect(read.offset).toBe(secondHeader)
        // A space and a NUL both end the checksum field.
        else expect(read).toEqual(members.map(([name, content]) => [name, Uint8Array.from(content)]))
      }),
      { numRuns: runs.text },
    )
  })

  it('is refused, with the place, where it has one end block, or bytes after its end', async () => {
    const dir = await tempFolder()
    const { size } = await writeTar(join(dir, 'a.tar'), members)
    const bytes = await readFile(join(dir, 'a.tar'))
    await writeFile(join(dir, 'one.tar'), bytes.subarray(0, size - 512))
    expect(await failure(join(dir, 'one.tar'))).toMatchObject({ offset: size - 1024 })
    await writeFile(join(dir, 'more.tar'), Buffer.concat([bytes, Buffer.alloc(511), Buffer.from('x')]))
    expect(await failure(join(dir, 'more.tar'))).toMatchObject({ offset: size + 511 })
  })

  it('may be padded with zeros, as GNU tar pads', async () => {
    const dir = await tempFolder()
    await writeTar(join(dir, 'a.tar'), members)
    await writeFile(
      join(dir, 'padded.tar'),
      Buffer.concat([await readFile(join(dir, 'a.tar')), Buffer.alloc(7168)]),
    )
    expect((await membersOf(join(dir, 'padded.tar'))).map(([name]) => name)).toEqual(['1.jpg', '1.txt'])
  })
})
