import { type FileHandle, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '../shard/index.js'

/** Where a dataset is read from. A name is relative, with '/'. */
export interface FeedPlace {
  readonly url: string
  /** Whether a read of a few kilobytes costs little: of a folder, not over a network. */
  readonly isNear: boolean
  /** null = there is no such name. */
  read(name: string, signal: AbortSignal): Promise<Uint8Array | null>
  /** `size` bytes from byte `offset` on, fewer where it ends before; null = there is no such name. */
  readRange(
    name: string,
    range: { readonly offset: number; readonly size: number },
    signal: AbortSignal,
  ): Promise<Uint8Array | null>
  /** What is kept of a name is given up, once nobody reads from it: it may have become another file. */
  forget(name: string): Promise<void>
  close(): Promise<void>
}

/** A file that is open as long as it is not forgotten, and somebody reads from it. */
interface OpenFile {
  readonly handle: Promise<FileHandle | null>
  readers: number
  isForgotten: boolean
}

/** A dataset in a folder: files stay open, so that one that is replaced meanwhile is read to its end. */
export function folderPlace(folder: string): FeedPlace {
  const files = new Map<string, OpenFile>()
  const closeUnread = async (file: OpenFile): Promise<void> => {
    if (file.isForgotten && file.readers === 0) await (await file.handle.catch(() => null))?.close()
  }
  const forget = async (name: string): Promise<void> => {
    const file = files.get(name)
    if (file === undefined) return
    files.delete(name)
    file.isForgotten = true
    await closeUnread(file)
  }
  return {
    url: folder,
    isNear: true,
    read: (name, signal) => orAbsent(readFile(join(folder, name), { signal })),
    async readRange(name, range, signal) {
      signal.throwIfAborted()
      const file = files.get(name) ?? {
        ...{ handle: orAbsent(open(join(folder, name))), readers: 0, isForgotten: false },
      }
      files.set(name, file)
      file.readers++
      try {
        const handle = await file.handle
        // It may be there when somebody asks again.
        if (handle === null) files.delete(name)
        return handle === null ? null : await readPiece(handle, range)
      } finally {
        file.readers--
        await closeUnread(file)
      }
    },
    forget,
    async close() {
      for (const name of [...files.keys()]) await forget(name)
    },
  }
}

async function readPiece(
  handle: FileHandle,
  { offset, size }: { readonly offset: number; readonly size: number },
): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(size)
  let filled = 0
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, size - filled, offset + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

/** One behind a store. */
export function storePlace(store: Store, close: () => Promise<void>): FeedPlace {
  return {
    url: store.url,
    isNear: false,
    read: (name, signal) => store.read(name, signal),
    readRange: (name, range, signal) => store.readRange(name, range, signal),
    forget: async () => {},
    close,
  }
}

/** Times that a server is asked, and how long it has for an answer. */
const httpTries = 5
const httpDeadlineMs = 30_000

/** One below an http or https URL. Throws where the server keeps failing. */
export function httpPlace(url: string): FeedPlace {
  const base = url.replace(/\/*$/, '/')
  const ask = async (name: string, range: string | null, signal: AbortSignal) => {
    let failure: unknown = null
    for (let tried = 0; tried < httpTries; tried++) {
      if (tried > 0) await sleep(250 * 2 ** tried, undefined, { signal })
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(httpDeadlineMs)])
      try {
        const answer = await fetch(new URL(name, base), {
          signal: bounded,
          headers: range === null ? {} : { range },
        })
        // Buckets behind a URL forbid to look for what is not there.
        if ([403, 404, 410].includes(answer.status)) return null
        if (answer.status === 416) return { status: 416, bytes: new Uint8Array() }
        if (answer.ok) return { status: answer.status, bytes: new Uint8Array(await answer.arrayBuffer()) }
        failure = new Error(`${base}${name}: HTTP ${answer.status}`)
        if (answer.status < 500 && answer.status !== 429) throw failure
      } catch (error) {
        signal.throwIfAborted()
        if (error === failure) throw error
        failure = error
      }
    }
    throw failure
  }
  return {
    url: base,
    isNear: false,
    read: async (name, signal) => (await ask(name, null, signal))?.bytes ?? null,
    async readRange(name, { offset, size }, signal) {
      const answer = await ask(name, `bytes=${offset}-${offset + size - 1}`, signal)
      if (answer === null) return null
      // 200: the server knows no ranges, and sends all of it.
      return answer.status === 200 ? answer.bytes.subarray(offset, offset + size) : answer.bytes
    },
    forget: async () => {},
    close: async () => {},
  }
}

async function orAbsent<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
