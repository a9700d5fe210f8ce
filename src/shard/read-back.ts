import type { Store } from './store.js'
import type { FileSums } from './summed-file.js'

/** A file as it was built. */
export interface Built {
  readonly name: string
  readonly path: string
  readonly sums: FileSums
}

/** Checks that the store holds what was built: nothing is committed on the word of a write. */
export async function readBack(
  store: Store,
  { name, sums }: Pick<Built, 'name' | 'sums'>,
  signal: AbortSignal,
): Promise<void> {
  const found = await store.sums(name, ['sha256'], signal)
  if (found === null) throw new Error(`${store.url}: ${name} is gone right after it was stored`)
  if (found.size !== sums.size || found.sha256 !== sums.sha256) {
    throw new Error(
      `${store.url}: ${name} reads back as ${found.size} other bytes than the ${sums.size} written`,
    )
  }
}
