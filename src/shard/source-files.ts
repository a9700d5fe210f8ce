import { type FileHandle, open } from 'node:fs/promises'
import type { ShardFile } from './entry.js'
import { copyOf } from './snapshot.js'
import type { LocalCopy, Store } from './store.js'

interface OpenFile {
  readonly bytes: number
  readonly opened: Promise<{ readonly copy: LocalCopy; readonly handle: FileHandle }>
}

const maxOpenFiles = 256

/**
 * Files of datasets, opened for reading as they are needed. What comes from far away is copied to this machine; the longest unused files are
 * given up beyond a number, and beyond so many bytes.
 */
export class SourceFiles {
  readonly #maxBytes: number
  /** By store and name, the longest unused first. */
  readonly #open = new Map<string, OpenFile>()

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  async handleOf(store: Store, file: Pick<ShardFile, 'name' | 'size'>, signal: AbortSignal) {
    const key = `${store.url}\n${file.name}`
    const known = this.#open.get(key)
    this.#open.delete(key)
    const wanted = known ?? { bytes: file.size, opened: openCopy(store, file, signal) }
    this.#open.set(key, wanted)
    // A failure is met by whoever awaits it; whoever closes takes it as nothing to close.
    wanted.opened.catch(() => {})
    return (await wanted.opened).handle
  }

  /** Only while no read is under way. */
  async trim(): Promise<void> {
    let bytes = 0
    for (const file of this.#open.values()) bytes += file.bytes
    for (const [key, file] of this.#open) {
      if (this.#open.size <= maxOpenFiles && bytes <= this.#maxBytes) return
      this.#open.delete(key)
      bytes -= file.bytes
      await close(file)
    }
  }

  async close(): Promise<void> {
    for (const file of this.#open.values()) await close(file)
    this.#open.clear()
  }
}

async function openCopy(store: Store, file: Pick<ShardFile, 'name' | 'size'>, signal: AbortSignal) {
  const copy = await copyOf(store, file, signal)
  try {
    return { copy, handle: await open(copy.path) }
  } catch (error) {
    await copy.release()
    throw error
  }
}

async function close({ opened }: OpenFile): Promise<void> {
  const [outcome] = await Promise.allSettled([opened])
  if (outcome.status === 'rejected') return
  await outcome.value.handle.close()
  await outcome.value.copy.release()
}
