import { resolve } from 'node:path'
import { temporaryFolder } from '../disk/index.js'
import { isS3Url } from '../records/index.js'
import { folderStore, type S3Settings, type Store, s3Store } from '../shard/index.js'
import { DatasetUnusable } from './catalog.js'
import { type FeedPlace, folderPlace, httpPlace, storePlace } from './place.js'

export interface OpenPlace {
  /** Closing it gives back all that was opened. */
  readonly feed: FeedPlace
  /** null = there is none behind it: a URL. */
  readonly store: Store | null
}

/** Opens a folder, `s3://bucket/prefix`, or an http or https URL for reading. Throws DatasetUnusable where a bucket cannot be read. */
export async function openPlace(
  place: string,
  s3: Partial<S3Settings>,
  signal: AbortSignal,
): Promise<OpenPlace> {
  if (isS3Url(place)) return await openBucket(place, s3, signal)
  if (/^https?:\/\//.test(place)) return { feed: httpPlace(place), store: null }
  const folder = resolve(place)
  return { feed: folderPlace(folder), store: folderStore(folder) }
}

async function openBucket(url: string, s3: Partial<S3Settings>, signal: AbortSignal): Promise<OpenPlace> {
  const scratch = await temporaryFolder('data')
  const settings = { endpoint: null, region: null, pathStyle: null, ...s3 }
  const store = await s3Store({ url, settings, scratchDir: scratch.path, access: 'read' }, signal)
  if ('message' in store) {
    await scratch.remove()
    throw new DatasetUnusable(store.message)
  }
  const close = async () => {
    await store.close()
    await scratch.remove()
  }
  return { feed: storePlace(store, close), store }
}
