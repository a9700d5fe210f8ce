import { randomUUID } from 'node:crypto'
import { type FileHandle, open, opendir, readFile, rm, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { makeFolder } from '../disk/index.js'
import { orAbsent } from './absent.js'
import { placeFile } from './folder-placing.js'
import type { Store, StoredName } from './store.js'
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
    return await placeFile(localPath, pathOf(name), options, scratch)
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
    async readRange(name, { offset, size }, signal) {
      signal.throwIfAborted()
      const handle = await orAbsent(open(pathOf(name)))
      if (handle === null) return null
      try {
        return await readUpTo(handle, offset, size)
      } finally {
        await handle.close()
      }
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
    list: (prefix, signal) => listFiles(root, prefix, signal),
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

async function readUpTo(handle: FileHandle, offset: number, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size)
  let done = 0
  while (done < size) {
    const { bytesRead } = await handle.read(bytes, done, size - done, offset + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return bytes.subarray(0, done)
}

async function* listFiles(root: string, prefix: string, signal: AbortSignal): AsyncGenerator<StoredName> {
  const cut = prefix.lastIndexOf('/') + 1
  const folder = prefix.slice(0, cut)
  const path = folder === '' ? root : join(root, ...checkedParts(folder.slice(0, -1)))
  for await (const entry of (await orAbsent(opendir(path))) ?? []) {
    signal.throwIfAborted()
    if (!entry.isFile() || !entry.name.startsWith(prefix.slice(cut))) continue
    const found = await orAbsent(stat(join(path, entry.name)))
    if (found !== null) yield { name: folder + entry.name, size: found.size, modifiedMs: found.mtimeMs }
  }
}

/** Removes what killed processes left half built. Only for the one process that holds the folder, before it builds. */
export async function clearScratch(store: Store): Promise<void> {
  const path = await store.scratch()
  await rm(path, { recursive: true, force: true })
  await makeFolder(path)
}
