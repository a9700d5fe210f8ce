import { cp, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { folderStore, type Store, verifyDataset } from '../../../src/shard/index.js'
import { crawled, numbered } from '../../fixtures/curate/curating.js'
import { afterChanges, killAt } from '../../fixtures/run/moments.js'
import { pairmill, start } from '../../fixtures/run/pairmill.js'
import { bytesUnder, calm, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

const pathOf = (store: Store) => fileURLToPath(store.url)
const curate = async (words: readonly string[]) => (await pairmill(['curate', ...words])).code

/** Everything but what is under construction, and the lock. */
async function bytesOf(dir: string): Promise<Map<string, string>> {
  const bytes = await bytesUnder(dir)
  for (const name of bytes.keys()) if (name.includes('.pairmill/lock')) bytes.delete(name)
  return bytes
}

describe('pairmill curate', () => {
  it('can be killed at any moment: what is there verifies, and the end is the same to the byte', async () => {
    const sources = [await crawled(numbered(150)), await crawled(numbered(60, 1000))]
    const base = await tempFolder()
    const words = [...sources.map(pathOf), '--shuffle', 'x', '--shard-size', '5', '--out']
    const undisturbed = join(base, 'undisturbed')
    expect(await curate([...words, undisturbed])).toBe(0)

    const dir = join(base, 'killed')
    const folders = [dir, join(dir, '.pairmill'), join(dir, '.pairmill/entries')]
    await mkdir(join(dir, '.pairmill/entries'), { recursive: true })
    let kills = 0
    // Each life comes further than the one before, so that kills fall everywhere, and some life to the end.
    for (let changes = 1; ; changes = Math.ceil(1.3 * changes)) {
      const life = start(['curate', ...words, dir])
      if (!(await killAt(life, () => afterChanges('change', folders, changes)))) break
      kills++
      const { problems } = await verifyDataset(folderStore(dir), () => {}, calm)
      expect(problems).toEqual([])
    }
    expect(kills).toBeGreaterThan(5)
    expect(await curate([...words, dir])).toBe(0)
    expect(await bytesOf(dir)).toEqual(await bytesOf(undisturbed))
    expect(await curate([...words.slice(0, -1), '--top', '5', '--out', dir])).toBe(4)
    await cp(undisturbed, join(base, 'copy'), { recursive: true })
    await rm(join(base, 'copy/.pairmill'), { recursive: true })
    expect((await verifyDataset(folderStore(join(base, 'copy')), () => {}, calm)).problems).toEqual([])
  }, 240_000)
})
