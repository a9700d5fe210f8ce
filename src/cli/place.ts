import { resolve } from 'node:path'
import { temporaryFolder } from '../disk/index.js'
import { isS3Url } from '../records/index.js'
import { openStore, type S3Settings, type Store } from '../shard/index.js'

export interface OpenPlace {
  readonly store: Store
  /** A folder for files that the command needs meanwhile. */
  readonly scratchDir: string
  /** Gives back the connections, and removes the copies that were made on this machine. */
  close(): Promise<void>
}

/** A place as a command works with it: a folder is made absolute. */
export function placeOf(given: string, cwd: string): string {
  return isS3Url(given) ? given.replace(/\/$/, '') : resolve(cwd, given)
}

/** Opens a dataset, mostly to be read alone. */
export async function openPlace(
  place: string,
  s3: S3Settings,
  signal: AbortSignal,
  access: 'read' | 'write' = 'read',
): Promise<OpenPlace | { readonly message: string }> {
  const scratch = await temporaryFolder('data')
  const scratchDir = scratch.path
  const store = await openStore(place, { s3, scratchDir, access }, signal).catch(async (error: unknown) => {
    await scratch.remove()
    throw error
  })
  if ('message' in store) {
    await scratch.remove()
    return store
  }
  return {
    store,
    scratchDir,
    async close() {
      await store.close()
      await scratch.remove()
    },
  }
}
