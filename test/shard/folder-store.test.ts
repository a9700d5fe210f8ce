import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { clearScratch, folderStore, type Store } from '../../src/shard/index.js'
import { calm, tempFolder } from './dataset-fixture.js'

const text = async (store: Store, name: string) => {
  const bytes = await store.read(name, calm)
  return bytes === null ? null : Buffer.from(bytes).toString()
}

const names = async (store: Store, prefix: string) => {
  const found: string[] = []
  for await (const { name, size } of store.list(prefix, calm)) found.push(`${name} ${size}`)
  return found.sort()
}

describe('a folder store', () => {
  it('creates a name once: of many who try at the same time one wins, and the bytes are wholly theirs', async () => {
    const store = folderStore(await tempFolder())
    const contents = Array.from({ length: 16 }, (_, i) => String(i).repeat(10_000))
    const outcomes = await Promise.all(
      contents.map((content) =>
        store.putBytes('.pairmill/x/one', Buffer.from(content), { ifAbsent: true }, calm),
      ),
    )
    expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1)
    expect(await text(store, '.pairmill/x/one')).toBe(contents[outcomes.indexOf('stored')])
    expect(await readdir(await store.scratch())).toEqual([])
  })

  it('replaces a name where it may', async () => {
    const store = folderStore(await tempFolder())
    for (const content of ['one', 'two']) {
      expect(await store.putBytes('a', Buffer.from(content), { ifAbsent: false }, calm)).toBe('stored')
    }
    expect(await text(store, 'a')).toBe('two')
  })

  it('moves a local file, and takes it away too where the name stood already', async () => {
    const store = folderStore(await tempFolder())
    const local = join(await store.scratch(), 'built')
    for (const outcome of ['stored', 'exists']) {
      await writeFile(local, outcome)
      expect(await store.putFile('a.tar', local, { ifAbsent: true }, calm)).toBe(outcome)
      await expect(readFile(local)).rejects.toThrow('ENOENT')
    }
    expect(await text(store, 'a.tar')).toBe('stored')
  })

  it('takes a file from another file system', async (test) => {
    const other = await mkdtemp('/dev/shm/pairmill-').catch(() => null)
    if (other === null) return test.skip('no second file system at /dev/shm')
    onTestFinished(() => rm(other, { recursive: true, force: true }))
    const store = folderStore(await tempFolder())
    for (const ifAbsent of [true, false]) {
      await writeFile(join(other, 'built'), 'whole')
      expect(await store.putFile(`a${ifAbsent}`, join(other, 'built'), { ifAbsent }, calm)).toBe('stored')
      expect(await text(store, `a${ifAbsent}`)).toBe('whole')
    }
    expect(await readdir(other)).toEqual([])
  })

  it('lists the names under a prefix, not those of folders below', async () => {
    const store = folderStore(await tempFolder())
    for (const name of [
      '00000.tar',
      '.pairmill/parts/b1-x.tar',
      '.pairmill/parts/b2-x.tar',
      '.pairmill/entries/0.json',
    ]) {
      await store.putBytes(name, Buffer.from('abc'), { ifAbsent: true }, calm)
    }
    expect(await names(store, '')).toEqual(['00000.tar 3'])
    expect(await names(store, '.pairmill/parts/')).toEqual([
      '.pairmill/parts/b1-x.tar 3',
      '.pairmill/parts/b2-x.tar 3',
    ])
    expect(await names(store, '.pairmill/parts/b2')).toEqual(['.pairmill/parts/b2-x.tar 3'])
    expect(await names(store, '.pairmill/nothing/')).toEqual([])
  })

  it('answers null for what is not there, and removing it is no error', async () => {
    const store = folderStore(await tempFolder())
    expect(await store.read('a/b', calm)).toBeNull()
    expect(await store.stat('a')).toBeNull()
    expect(await store.localCopy('a', calm)).toBeNull()
    await store.remove('a')
  })

  it('refuses a name that would leave the folder', async () => {
    const store = folderStore(await tempFolder())
    for (const name of ['../a', '/a', 'a/../../b', '', 'a//b', './a']) {
      await expect(store.putBytes(name, Buffer.from('x'), { ifAbsent: false }, calm)).rejects.toThrow(
        RangeError,
      )
    }
  })

  it('clears away what a killed process left half built', async () => {
    const store = folderStore(await tempFolder())
    await writeFile(join(await store.scratch(), '00000-x.tar'), 'half')
    await clearScratch(store)
    expect(await readdir(await store.scratch())).toEqual([])
  })
})
