import type { ProgressStyle } from '../options/index.js'
import type { Clock } from './display.js'
import { formatBytes } from './figures.js'
import type { Output } from './output.js'
import { openTicker } from './ticker.js'

type ReadChunks = (name: string) => AsyncIterable<Uint8Array>

/** Reads files as `readChunks` does, and says how much of one was read: a list of millions of lines takes seconds. */
export function toldChunks(
  readChunks: ReadChunks,
  style: ProgressStyle,
  { stderr, clock }: { readonly stderr: Output; readonly clock: Clock },
): ReadChunks {
  return async function* (name) {
    const ticker = openTicker(style, 'read', { output: stderr, clock })
    let bytes = 0
    try {
      for await (const chunk of readChunks(name)) {
        bytes += chunk.length
        ticker.show(`${formatBytes(bytes)} of ${name}`)
        yield chunk
      }
    } finally {
      ticker.close()
    }
  }
}
