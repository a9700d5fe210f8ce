import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeFolder } from '../../../src/disk/index.js'
import { tempFolder } from '../../fixtures/run/pairmill.js'

const hasProc = process.platform === 'linux'

describe('a folder that is made', () => {
  it('is there with all that it lies in, and made again it is left alone', async () => {
    const parent = tempFolder()
    const folder = join(parent, 'a/b/c')
    await makeFolder(folder)
    writeFileSync(join(folder, 'kept'), '')
    await makeFolder(folder)
    expect(statSync(join(folder, 'kept')).isFile()).toBe(true)
    symlinkSync(join(parent, 'a'), join(parent, 'link'))
    await makeFolder(join(parent, 'link/d'))
    expect(statSync(join(parent, 'a/d')).isDirectory()).toBe(true)
  })

  it('may be made by several at once', async () => {
    const folder = join(tempFolder(), 'a/b/c/d')
    await Promise.all(Array.from({ length: 8 }, () => makeFolder(folder)))
    expect(statSync(folder).isDirectory()).toBe(true)
  })

  it.skipIf(!hasProc).each(['/proc/x', '/proc/x/y/z', '/proc/self/x/y'])(
    'is refused where none can be, as %s',
    async (folder) => {
      await expect(makeFolder(folder)).rejects.toThrow(/^ENOENT: .*\/x'$/)
    },
  )

  it('is refused where something else has its name, or that of a parent', async () => {
    const parent = tempFolder()
    writeFileSync(join(parent, 'file'), '')
    symlinkSync(join(parent, 'nowhere'), join(parent, 'link'))
    mkdirSync(join(parent, 'folder'))
    await expect(makeFolder(join(parent, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(makeFolder(join(parent, 'file/below'))).rejects.toMatchObject({ code: 'ENOTDIR' })
    await expect(makeFolder(join(parent, 'link'))).rejects.toMatchObject({ code: 'EEXIST' })
  })
})
