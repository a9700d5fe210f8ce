import { folderStore } from './folder-store.js'
import type { S3Settings } from './s3/link.js'
import { isS3Url } from './s3/location.js'
import { s3Store } from './s3-store.js'
import type { Store } from './store.js'

export interface StoreSurroundings {
  readonly s3: S3Settings
  /** A local folder for files under construction, where the store is not one itself. */
  readonly scratchDir: string
  /** `read`: the store is not tried for writing, and need not allow it. */
  readonly access: 'read' | 'write'
}

/** The store that a place names: `s3://bucket/prefix`, or an absolute folder. `message`: why it cannot be used, and what to do. */
export async function openStore(
  place: string,
  { s3, scratchDir, access }: StoreSurroundings,
  signal: AbortSignal,
): Promise<Store | { readonly message: string }> {
  if (!isS3Url(place)) return folderStore(place)
  return await s3Store({ url: place, settings: s3, scratchDir, access }, signal)
}
