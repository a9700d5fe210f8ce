import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

const edge = 64 * 1024

/**
 * Digest by which a file is known to be still the one that was begun: its length with a hash of its beginning and its end.
 *
 * @throws Error where the file cannot be read.
 */
export async function fileDigest(path: string): Promise<string> {
  const handle = await open(path)
  try {
    const { size } = await handle.stat()
    const hash = createHash('sha256')
    for (const start of [0, Math.max(size - edge, 0)]) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(edge), 0, edge, start)
      hash.update(buffer.subarray(0, bytesRead))
    }
    return `${size}-${hash.digest('hex').slice(0, 16)}`
  } finally {
    await handle.close()
  }
}
