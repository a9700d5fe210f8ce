import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { folderStore } from '../../../src/shard/index.js'
import { storeConformance } from '../../contracts/store/conformance.js'
import { calm, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

describe('a folder store', () => {
  storeConformance(async () => folderStore(await tempFolder()), true)

  it('takes a file from another file system', async (test) => {
    const other = await mkdtemp('/dev/shm/pairmill-').catch(() => null)
    if (other === null) return test.skip('no second file system at /dev/shm')
    onTestFinished(() => rm(other, { recursive: true, force: true }))
    const store = folderStore(await tempFolder())
    for (const ifAbsent of [true, false]) {
      await writeFile(join(other, 'built'), 'whole')
      expect(await store.putFile(`a${ifAbsent}`, join(other, 'built'), { ifAbsent }, calm)).toBe('stored')
      expect(Buffer.from((await store.read(`a${ifAbsent}`, calm))!).toString()).toBe('whole')
    }
    expect(await readdir(other)).toEqual([])
  })
})
