import { isS3Url } from '../records/index.js'
import { folderStore } from './folder-store.js'
import { S3Error } from './s3/fault.js'
import type { S3Settings } from './s3/link.js'
import { s3Store } from './s3-store.js'
import { type Standing, standingIn, standingProblem } from './standing.js'
import type { Store } from './store.js'

interface StoreSurroundings {
  readonly s3: S3Settings
  /** A local folder for files under construction, where the store is not one itself. */
  readonly scratchDir: string
  /** `read`: the store is not tried for writing, and need not allow it. `write`: refused where the place holds a stranger's files. */
  readonly access: 'read' | 'write'
  /** Why nothing may be written to a place, by what lies there; absent = as for a run. */
  readonly problemOf?: (place: string, standing: Standing) => string | null
}

/** The store that a place names: `s3://bucket/prefix`, or an absolute folder. `message`: why it cannot be used, and what to do. */
export async function openStore(
  place: string,
  { s3, scratchDir, access, problemOf = standingProblem }: StoreSurroundings,
  signal: AbortSignal,
): Promise<Store | { readonly message: string }> {
  const open = async (how: StoreSurroundings['access']) =>
    isS3Url(place)
      ? await s3Store({ url: place, settings: s3, scratchDir, access: how }, signal)
      : folderStore(place)
  if (access === 'read') return await open('read')
  // Looked at before anything is written, not even to try whether that can be done.
  const looking = await open('read')
  if ('message' in looking) return looking
  try {
    const problem = problemOf(place, await standingIn(looking, signal))
    if (problem !== null) return { message: problem }
  } catch (error) {
    if (error instanceof S3Error) return { message: error.message }
    throw error
  } finally {
    await looking.close()
  }
  return await open('write')
}
