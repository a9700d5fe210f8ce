import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folderStore, type Store } from '../../../src/shard/index.js'
import { SourceFiles } from '../../../src/shard/source-files.js'
import { calm, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

/** A store that is far away: it counts the copies that are on this machine. */
async function farStore(
  names: readonly string[],
): Promise<{ store: Store; here: Map<string, number>; fetched: string[] }> {
  const dir = await tempFolder()
  for (const name of names) await writeFile(join(dir, name), name)
  const store = folderStore(dir)
  const here = new Map<string, number>()
  const fetched: string[] = []
  return {
    here,
    fetched,
    store: {
      ...store,
      async localCopy(name, signal) {
        const copy = await store.localCopy(name, signal)
        if (copy === null) return null
        fetched.push(name)
        here.set(name, (here.get(name) ?? 0) + 1)
        return { path: copy.path, release: async () => void here.delete(name) }
      },
    },
  }
}

describe('the files of sources', () => {
  const names = ['a.tar', 'b.tar', 'c.tar']
  const fileOf = (name: string) => ({ name, size: 5 })

  it('are copied once while they fit, and the longest unused ones go where they do not', async () => {
    const { store, here } = await farStore(names)
    const files = new SourceFiles(10)
    for (const name of ['a.tar', 'b.tar', 'a.tar']) await files.handleOf(store, fileOf(name), calm)
    await files.trim()
    expect([...here]).toEqual([
      ['a.tar', 1],
      ['b.tar', 1],
    ])
    await files.handleOf(store, fileOf('c.tar'), calm)
    await files.trim()
    expect([...here.keys()].sort()).toEqual(['a.tar', 'c.tar'])
    const text = await (await files.handleOf(store, fileOf('b.tar'), calm)).readFile('utf8')
    expect(text).toBe('b.tar')
    await files.close()
    expect(here.size).toBe(0)
  })

  it('are fetched once each where they are read one after the other, though they do not all fit', async () => {
    const { store, here, fetched } = await farStore(names)
    const files = new SourceFiles(10)
    for (const [first, second] of [
      ['a.tar', 'a.tar'],
      ['a.tar', 'b.tar'],
      ['b.tar', 'b.tar'],
      ['b.tar', 'c.tar'],
      ['c.tar', 'c.tar'],
    ]) {
      for (const name of [first!, second!]) await files.handleOf(store, fileOf(name), calm)
      await files.trim()
    }
    expect(fetched).toEqual(names)
    await files.close()
    expect(here.size).toBe(0)
  })

  it('stay on this machine though more are read than may be open', async () => {
    const many = Array.from({ length: 300 }, (_, i) => `${i}.tar`)
    const { store, here } = await farStore(many)
    const files = new SourceFiles(10_000)
    for (const name of many) {
      await files.handleOf(store, { name, size: name.length }, calm)
      await files.trim()
    }
    const first = await files.handleOf(store, { name: '0.tar', size: 5 }, calm)
    expect(await first.readFile('utf8')).toBe('0.tar')
    expect([...here.values()]).toEqual(many.map(() => 1))
    await files.close()
    expect(here.size).toBe(0)
  })

  it('are asked for once by many at the same time', async () => {
    const { store, here } = await farStore(names)
    const files = new SourceFiles(100)
    await Promise.all(Array.from({ length: 20 }, () => files.handleOf(store, fileOf('a.tar'), calm)))
    expect([...here]).toEqual([['a.tar', 1]])
    await files.close()
  })

  it('are refused where one is missing, or not as long as it should be', async () => {
    const { store } = await farStore(names)
    const files = new SourceFiles(100)
    await expect(files.handleOf(store, fileOf('d.tar'), calm)).rejects.toThrow('d.tar is missing')
    await expect(files.handleOf(store, { name: 'a.tar', size: 6 }, calm)).rejects.toThrow(
      'a.tar has 5 bytes, its manifest says 6',
    )
    await files.close()
  })
})
