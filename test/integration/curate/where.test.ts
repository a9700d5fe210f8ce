import { describe, expect, it } from 'vitest'
import { folderStore } from '../../../src/shard/index.js'
import { crawled, curateTo, numbered, pairsOf, requestOf } from '../../fixtures/curate/curating.js'
import { sha256, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

const uidOf = (n: number) => sha256(`source ${n}`).slice(0, 32)

describe('curating by a condition in SQL', () => {
  const sources = async () => [
    await crawled([...numbered(15), 'rejected', 'rejected']),
    await crawled(numbered(8, 100, (n) => ({ phash: sha256(`far ${n}`).slice(0, 16) }))),
  ]

  it('keeps the pairs for which it holds, of all sources', async () => {
    const dir = await tempFolder()
    const end = await curateTo(dir, await sources(), requestOf({ where: 'width = 18 or source = 1' }))
    expect(end).toMatchObject({
      steps: [
        ['sources', 23],
        ['where', 10],
        ['duplicates', 10],
      ],
    })
    const uids = (await pairsOf(folderStore(dir))).map(({ uid }) => uid)
    const wanted = [2, 9, ...Array.from({ length: 8 }, (_, i) => 100 + i)]
    expect(new Set(uids)).toEqual(new Set(wanted.map(uidOf)))
  })

  it('says what is wrong with one, and writes nothing', async () => {
    const dir = await tempFolder()
    for (const where of ['widht > 3', 'true) or (select count(*) from read_csv(', '1; drop table pairs']) {
      const end = await curateTo(dir, await sources(), requestOf({ where }))
      expect(end).toMatchObject({ kind: 'refused', message: expect.stringContaining(`--where "${where}"`) })
    }
  })

  it('reads no other file', async () => {
    const where = "url in (select content from read_text('/etc/hostname'))"
    await expect(curateTo(await tempFolder(), await sources(), requestOf({ where }))).resolves.toMatchObject({
      kind: 'refused',
    })
  })
})
