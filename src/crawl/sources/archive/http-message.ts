import { codingsOf, decoded, type FetchFailed, failed, type ResponseHead } from '../../../net/index.js'
import { looksBinary, looksLikeHtml } from '../../sniff.js'
import { headEnd } from './head-end.js'

/** An archived HTTP response: its head, and the body as it was archived. */
export interface ArchivedResponse {
  readonly head: ResponseHead
  readonly body: Buffer
}

const maxHeadBytes = 64 * 1024

/** Reads the block of a response record; null = it has no head that could be read. */
export function parseResponse(block: Buffer): ArchivedResponse | null {
  const start = block.subarray(0, maxHeadBytes)
  const end = headEnd(start)
  // A head without a body may end with the block.
  if (end < 0 && block.length > maxHeadBytes) return null
  const text = start.toString('latin1', 0, end < 0 ? start.length : end)
  const [first = '', ...lines] = text.split(/\r?\n/)
  const status = /^HTTP\/\d(?:\.\d)?\s+(\d{3})(?:\s|$)/i.exec(first)?.[1]
  if (status === undefined) return null
  const body = block.subarray(end < 0 ? block.length : end)
  return { head: { status: Number(status), headers: headersOf(lines.map(fieldOf)) }, body }
}

function fieldOf(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(':')
  return [line.slice(0, Math.max(colon, 0)), line.slice(colon + 1)]
}

/** Fields as a response has them: lower-case names, repeated ones joined (RFC 9110 section 5.3). */
export function headersOf(
  fields: readonly (readonly [name: string, value: string])[],
): Record<string, string> {
  const headers = new Map<string, string>()
  for (const [given, value] of fields) {
    const name = given.trim().toLowerCase()
    if (name === '' || name === '__proto__') continue
    const before = headers.get(name)
    headers.set(name, before === undefined ? value.trim() : `${before}, ${value.trim()}`)
  }
  return Object.fromEntries(headers)
}

/**
 * The body without transfer and content codings, of at most `maxBytes`. Many archives keep bodies whose codings were undone already
 * together with the fields that name them.
 */
export async function plainBody(
  { head, body }: ArchivedResponse,
  maxBytes: number,
): Promise<Uint8Array | FetchFailed> {
  const isChunked = /(?:^|[\s,])chunked\s*$/i.test(head.headers['transfer-encoding'] ?? '')
  const whole = isChunked ? unchunked(body) : body
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

/** RFC 9112 section 7.1. A body that does not begin with a chunk is not chunked any more. */
function unchunked(body: Buffer): Buffer | FetchFailed {
  const pieces: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = body.indexOf('\n', at)
    const line = lineEnd < 0 || lineEnd - at > maxChunkLine ? '' : body.toString('latin1', at, lineEnd)
    const size = /^\s*([0-9a-f]{1,8})\s*(?:;.*)?\r?$/i.exec(line)?.[1]
    if (size === undefined) {
      if (at === 0) return body
      return at >= body.length
        ? failed('body_cut', 'it ends before its last chunk')
        : failed('encoding', 'a chunk without a length')
    }
    const length = Number.parseInt(size, 16)
    if (length === 0) return Buffer.concat(pieces)
    const start = lineEnd + 1
    if (start + length > body.length) return failed('body_cut', 'it ends within a chunk')
    pieces.push(body.subarray(start, start + length))
    at = start + length
    if (body[at] === 0x0d) at++
    if (body[at] === 0x0a) at++
  }
}

/** A length with extensions. */
const maxChunkLine = 1024
