import { randomUUID } from 'node:crypto'
import { copyFile, link, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { makeFolder } from '../disk/index.js'
import { codeOf, orAbsent } from './absent.js'
import type { PutOptions, PutOutcome } from './store.js'

/**
 * Gives a file its name in one step: it is synced first, and the folder of its name after, so that a kill leaves a name with all its bytes or no
 * name. A file of the same file system keeps the bytes that its sums were made of, so its size is proof of them; one from another is
 * copied, which proves nothing.
 */
export async function placeFile(
  source: string,
  target: string,
  options: PutOptions,
  scratch: () => Promise<string>,
): Promise<PutOutcome> {
  await makeFolder(dirname(target))
  await syncPath(source)
  const { size } = await stat(source)
  const placed = await place(source, target, options, scratch)
  await syncPath(dirname(target))
  if (placed === 'copied') return 'stored'
  return placed === 'stored' && size === options.sums?.size ? 'proven' : placed
}

async function place(
  source: string,
  target: string,
  options: PutOptions,
  scratch: () => Promise<string>,
): Promise<'stored' | 'copied' | 'exists'> {
  try {
    if (options.ifAbsent) return await placeNew(source, target)
    await rename(source, target)
    return 'stored'
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error
  }
  // Another file system: bring the bytes over first, so that the name still appears in one step.
  const copy = join(await scratch(), `${basename(target)}-${randomUUID()}`)
  try {
    await copyFile(source, copy)
    await syncPath(copy)
    const outcome = await place(copy, target, options, scratch)
    await rm(source)
    return outcome === 'stored' ? 'copied' : outcome
  } finally {
    await rm(copy, { force: true })
  }
}

/** link() fails where the target stands and never shows half a file: create-if-absent with the full content. */
async function placeNew(source: string, target: string): Promise<'stored' | 'exists'> {
  let outcome: 'stored' | 'exists' = 'stored'
  try {
    await link(source, target)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EEXIST') outcome = 'exists'
    else if (code !== undefined && noHardLinks.has(code)) return await placeNewUnlinked(source, target)
    else throw error
  }
  await rm(source)
  return outcome
}

/** Codes by which file systems without hard links answer. */
const noHardLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/** Look and rename are two steps here; one process holds the folder's lock, so nobody comes between. */
async function placeNewUnlinked(source: string, target: string): Promise<'stored' | 'exists'> {
  if ((await orAbsent(stat(target))) !== null) {
    await rm(source)
    return 'exists'
  }
  await rename(source, target)
  return 'stored'
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
