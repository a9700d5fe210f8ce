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
import { hasEndTag, looksBinary, looksLikeHtml } from '../../sniff.js'

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

/**
 * Only what is chunked to its end is chunked still: a text whose first line could be a length is taken as it is. Two chunks in a row are no
 * chance, and what breaks off behind them is refused.
 */
function unchunked(body: Buffer): Buffer | FetchFailed {
  const reader = new ChunkReader()
  const parts = reader.push(body)
  const isChance = reader.chunks < 2
  if (reader.isDone)
    return reader.chunks > 0 || isBlank(body.subarray(body.indexOf('\n'))) ? Buffer.concat(parts) : body
  if (reader.isBetween && reader.chunks > 0) {
    const whole = Buffer.concat(parts)
    return hasEndTag(whole) ? whole : failed('body_cut', 'it ends before its last chunk')
  }
  if (isChance) return body
  return reader.isBroken
    ? failed('encoding', 'a chunk without a length')
    : failed('body_cut', 'it ends within a chunk')
}

const isBlank = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0x0d || byte === 0x0a)
