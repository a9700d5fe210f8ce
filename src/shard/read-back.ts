import type { Store } from './store.js'
import type { FileSums } from './summed-file.js'

/** A file as it was built. */
export interface Built {
  readonly name: string
  readonly path: string
  readonly sums: FileSums
}

/**
 * Stores a file in the place of what may lie there, and is sure of it: nothing is committed on the word of a write. Where the store's
 * answer does not prove that it holds what was built, that is read back.
 */
export async function putBuilt(
  store: Store,
  { name, path, sums }: Built,
  signal: AbortSignal,
): Promise<void> {
  if ((await store.putFile(name, path, { ifAbsent: false, sums }, signal)) === 'proven') return
  const found = await store.sums(name, ['sha256'], signal)
  if (found === null) throw new Error(`${store.url}: ${name} is gone right after it was stored`)
  if (found.size !== sums.size || found.sha256 !== sums.sha256) {
    throw new Error(
      `${store.url}: ${name} reads back as ${found.size} other bytes than the ${sums.size} written`,
    )
  }
}
