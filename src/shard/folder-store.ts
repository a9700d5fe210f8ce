import { randomUUID } from 'node:crypto'
import { copyFile, link, open, opendir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { makeFolder } from '../disk/index.js'
import type { PutOptions, PutOutcome, Store } from './store.js'
import { checkedParts } from './store-name.js'
import { sumFile } from './summed-file.js'

const scratchName = '.pairmill/tmp'

/**
 * A store in a local folder. A file is built in the scratch folder, synced, and then given its name in one step, so
 * that a kill leaves a name with all its bytes or no name.
 */
export function folderStore(dir: string): Store {
  const root = resolve(dir)
  const pathOf = (name: string): string => join(root, ...checkedParts(name))

  const scratch = async (): Promise<string> => {
    const path = join(root, scratchName)
    await makeFolder(path)
    return path
  }

  const putFile: Store['putFile'] = async (name, localPath, options, signal) => {
    signal.throwIfAborted()
    const target = pathOf(name)
    await makeFolder(dirname(target))
    await syncPath(localPath)
    const outcome = await place(localPath, target, options, scratch)
    await syncPath(dirname(target))
    return outcome
  }

  return {
    url: pathToFileURL(root).href,
    conditional: true,
    scratch,
    putFile,
    async putBytes(name, bytes, options, signal) {
      const path = join(await scratch(), `${basename(name)}-${randomUUID()}`)
      try {
        const handle = await open(path, 'wx')
        try {
          await handle.writeFile(bytes)
        } finally {
          await handle.close()
        }
        return await putFile(name, path, options, signal)
      } finally {
        await rm(path, { force: true })
      }
    },
    async read(name, signal) {
      return await orAbsent(readFile(pathOf(name), { signal }))
    },
    async stat(name, signal) {
      signal.throwIfAborted()
      const found = await orAbsent(stat(pathOf(name)))
      return found === null ? null : { size: found.size }
    },
    async sums(name, algorithms, signal) {
      return await orAbsent(sumFile(pathOf(name), algorithms, signal))
    },
    async localCopy(name, signal) {
      signal.throwIfAborted()
      const path = pathOf(name)
      return (await orAbsent(stat(path))) === null ? null : { path, release: async () => {} }
    },
    async *list(prefix, signal) {
      const cut = prefix.lastIndexOf('/') + 1
      const folder = prefix.slice(0, cut)
      const entries = await orAbsent(opendir(folder === '' ? root : pathOf(folder.slice(0, -1))))
      if (entries === null) return
      for await (const entry of entries) {
        signal.throwIfAborted()
        if (!entry.isFile() || !entry.name.startsWith(prefix.slice(cut))) continue
        const found = await orAbsent(stat(pathOf(folder + entry.name)))
        if (found !== null) yield { name: folder + entry.name, size: found.size, modifiedMs: found.mtimeMs }
      }
    },
    async top(isWanted, signal) {
      const names: string[] = []
      for await (const { name } of (await orAbsent(opendir(root))) ?? []) {
        signal.throwIfAborted()
        if (isWanted(name)) names.push(name)
      }
      return { names, isAll: true }
    },
    async remove(name, signal) {
      signal.throwIfAborted()
      await rm(pathOf(name), { force: true })
    },
    // Files under construction lie in the scratch folder until they have their name; clearScratch empties it.
    async sweep() {
      return 0
    },
    async close() {},
  }
}

/** Removes what killed processes left half built. Only for the one process that holds the folder, before it builds. */
export async function clearScratch(store: Store): Promise<void> {
  const path = await store.scratch()
  await rm(path, { recursive: true, force: true })
  await makeFolder(path)
}

async function place(
  source: string,
  target: string,
  options: PutOptions,
  scratch: () => Promise<string>,
): Promise<PutOutcome> {
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
    return outcome
  } finally {
    await rm(copy, { force: true })
  }
}

/** link() fails where the target stands and never shows half a file: create-if-absent with the full content. */
async function placeNew(source: string, target: string): Promise<PutOutcome> {
  let outcome: PutOutcome = 'stored'
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
async function placeNewUnlinked(source: string, target: string): Promise<PutOutcome> {
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

async function orAbsent<T>(pending: Promise<T>): Promise<T | null> {
  try {
    return await pending
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw error
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
