import { resolve } from 'node:path'
import {
  folderStore,
  UnreadableDataset,
  type Verification,
  type VerifyProgress,
  verifyDataset as verify,
} from '../shard/index.js'

export interface VerifyOptions {
  /** Called after each shard. */
  readonly onProgress?: (progress: VerifyProgress) => void
  readonly signal?: AbortSignal
}

/**
 * Reads a dataset in a folder again: every sum, every member, every pixel. What is wrong with it is in `problems`; none = it is sound.
 * Safe while a run writes it. Rejects with `UnreadableDataset` where the folder holds no dataset, or with the signal's reason.
 */
export async function verifyDataset(folder: string, options: VerifyOptions = {}): Promise<Verification> {
  const store = folderStore(resolve(folder))
  const signal = options.signal ?? new AbortController().signal
  const { names } = await store.top(() => true, signal)
  if (names.length === 0) throw new UnreadableDataset(`${folder} holds no dataset: it is missing, or empty`)
  return await verify(store, options.onProgress ?? (() => {}), signal)
}
