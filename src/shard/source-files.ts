import { type FileHandle, open } from 'node:fs/promises'
import type { ShardFile } from './entry.js'
import { copyOf } from './snapshot.js'
import type { LocalCopy, Store } from './store.js'

interface SourceFile {
  readonly bytes: number
  readonly copy: Promise<LocalCopy>
  handle: Promise<FileHandle> | null
}

const maxOpenFiles = 256

/**
 * Files of datasets, opened for reading as they are needed. What comes from far away is copied to this machine once; the longest unused copies are
 * given up beyond so many bytes, and the longest unused handles beyond a number.
 */
export class SourceFiles {
  readonly #maxBytes: number
  /** By store and name, the longest unused first. */
  readonly #files = new Map<string, SourceFile>()

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  async handleOf(
    store: Store,
    { name, size }: Pick<ShardFile, 'name' | 'size'>,
    signal: AbortSignal,
  ): Promise<FileHandle> {
    const key = `${store.url}\n${name}`
    const file = this.#files.get(key) ?? {
      ...{ bytes: size, copy: copyOf(store, { name, size }, signal), handle: null },
    }
    this.#files.delete(key)
    this.#files.set(key, file)
    file.handle ??= file.copy.then(({ path }) => open(path))
    return await file.handle
  }

  /** Only while no read is under way. */
  async trim(): Promise<void> {
    const files = [...this.#files.values()]
    let opened = files.filter(({ handle }) => handle !== null).length
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    for (const [key, file] of this.#files) {
      if (opened <= maxOpenFiles && bytes <= this.#maxBytes) return
      if (file.handle !== null) opened--
      await close(file)
      if (bytes <= this.#maxBytes) continue
      this.#files.delete(key)
      bytes -= file.bytes
      await (await file.copy).release()
    }
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) {
      await close(file)
      const [copy] = await Promise.allSettled([file.copy])
      if (copy.status === 'fulfilled') await copy.value.release()
    }
    this.#files.clear()
  }
}

/** A file that could not be opened, which was said where it was wanted, is none to close. */
async function close(file: SourceFile): Promise<void> {
  const { handle } = file
  file.handle = null
  const [opened] = await Promise.allSettled([handle])
  if (opened.status === 'fulfilled') await opened.value?.close()
}
