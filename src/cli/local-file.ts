import { createReadStream } from 'node:fs'
import { formatBytes } from './figures.js'
import { whyUnreadable } from './file-text.js'

type LocalFile =
  | { readonly kind: 'file'; readonly bytes: Uint8Array }
  /** `why` completes "cannot read 'NAME': ...". */
  | { readonly kind: 'unreadable'; readonly why: string }

/** The bytes of a file, pipe or device, of at most `maxBytes`. Rejects only with the signal's reason. */
export async function readLocalFile(path: string, maxBytes: number, signal: AbortSignal): Promise<LocalFile> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of createReadStream(path, { signal, highWaterMark: 1 << 20 })) {
      const bytes = chunk as Buffer
      size += bytes.length
      if (size > maxBytes) return { kind: 'unreadable', why: `it is larger than ${formatBytes(maxBytes)}` }
      chunks.push(bytes)
    }
  } catch (error) {
    signal.throwIfAborted()
    return { kind: 'unreadable', why: whyUnreadable(error) }
  }
  return { kind: 'file', bytes: Buffer.concat(chunks) }
}
