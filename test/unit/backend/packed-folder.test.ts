import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { packFolder, unpackFolder } from '../../../src/backend/pglite/packed-folder.js'

const scratch = mkdtempSync(join(tmpdir(), 'pairmill-packed-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const megabyte = 2 ** 20
const files: Readonly<Record<string, Buffer>> = {
  name: Buffer.from('17\n'),
  empty: Buffer.alloc(0),
  'a/zeros': Buffer.alloc(8 * megabyte),
  'a/b/zeros at its end': Buffer.concat([Buffer.from('ab\0\0c'), Buffer.alloc(8 * megabyte)]),
  'a/b/zeros in front': Buffer.concat([Buffer.alloc(8_192), Buffer.from('c')]),
}

function folderOf(name: string): string {
  const folder = join(scratch, name)
  mkdirSync(join(folder, 'a/b'), { recursive: true })
  mkdirSync(join(folder, 'c'))
  for (const [path, bytes] of Object.entries(files)) writeFileSync(join(folder, path), bytes)
  return folder
}

describe('a packed folder', () => {
  it('is unpacked to the same files and folders, empty ones too', () => {
    const packed = packFolder(folderOf('packed'))
    const again = join(scratch, 'unpacked')
    unpackFolder(packed, again)
    const paths = readdirSync(again, { recursive: true }) as string[]
    expect(paths.toSorted()).toEqual([...Object.keys(files), 'a', 'a/b', 'c'].toSorted())
    for (const [path, bytes] of Object.entries(files)) {
      expect(readFileSync(join(again, path)).equals(bytes), path).toBe(true)
    }
    expect(statSync(join(again, 'c')).isDirectory()).toBe(true)
  })

  it('does not hold the zeros that its files end with', () => {
    expect(packFolder(folderOf('small')).length).toBeLessThan(1_000)
  })

  it('is not laid over one that is there', () => {
    const folder = folderOf('standing')
    expect(() => unpackFolder(packFolder(folder), folder)).toThrow('EEXIST')
  })
})
