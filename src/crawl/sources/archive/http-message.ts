import {
  ChunkReader,
  codingsOf,
  decoded,
  type FetchFailed,
  failed,
  isChunked,
  type ResponseHead,
  readHead,
} from '../../../net/index.js'
import { looksBinary, looksLikeHtml } from '../../sniff.js'

/** An archived HTTP response: its head, and the body as it was archived. */
export interface ArchivedResponse {
  readonly head: ResponseHead
  readonly body: Buffer
}

const maxHeadBytes = 64 * 1024

/** Reads the block of a response record; null = it has no head that could be read. */
export function parseResponse(block: Buffer): ArchivedResponse | null {
  // A head without a body may end with the block.
  const read = readHead(block.subarray(0, maxHeadBytes), block.length <= maxHeadBytes)
  return read === null || read === 'more' ? null : { head: read.head, body: block.subarray(read.bodyAt) }
}

/**
 * The body without transfer and content codings, of at most `maxBytes`. Many archives keep bodies whose codings were undone already
 * together with the fields that name them.
 */
export async function plainBody(
  { head, body }: ArchivedResponse,
  maxBytes: number,
): Promise<Uint8Array | FetchFailed> {
  const whole = isChunked(head) ? unchunked(body) : body
  if ('kind' in whole) return whole
  const codings = codingsOf(head.headers['content-encoding'])
  const isCoded = 'kind' in codings || codings.length > 0
  if (isCoded && !looksLikeHtml(whole)) {
    const plain = 'kind' in codings ? codings : await decoded(whole, codings, maxBytes)
    // Text that cannot be decoded is not coded any more. What is coded has bytes among its first ones that no text has.
    const isPlain = 'kind' in plain && plain.reason !== 'too_large' && !looksBinary(whole)
    if (!isPlain) return plain
  }
  return whole.length > maxBytes ? failed('too_large', `over ${maxBytes} bytes`) : whole
}

/** A body that does not begin with a chunk is not chunked any more. */
function unchunked(body: Buffer): Buffer | FetchFailed {
  const reader = new ChunkReader()
  const parts = reader.push(body)
  if (reader.isDone) return Buffer.concat(parts)
  if (reader.chunks === 0) return body
  if (reader.isBroken) return failed('encoding', 'a chunk without a length')
  return failed('body_cut', reader.isBetween ? 'it ends before its last chunk' : 'it ends within a chunk')
}
