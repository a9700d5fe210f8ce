import { isUtf8 } from 'node:buffer'
import { atOnce, type Steps } from '../steps.js'
import { decoderOf, encodingOf } from './encoding.js'
import { guessEncoding } from './guess-encoding.js'
import { declaredEncoding } from './meta.js'

/** Bytes, or characters, that are looked at in one step. */
const pieceLength = 256 * 1024

/**
 * Bytes of an HTML page as text. In this order: byte order mark, charset of the Content-Type header, `<meta>` or XML declaration; without
 * any of them what the bytes look like. A declared UTF-8 that most of the non-ASCII bytes contradict is passed over. Where the bytes
 * look like nothing, each beyond ASCII is U+FFFD. Never throws: bytes that fit nothing become U+FFFD.
 */
export function decodeHtml(body: Uint8Array, contentType: string | null): string {
  return atOnce(decodingSteps(body, contentType))
}

/** As decodeHtml, in steps. */
export function* decodingSteps(body: Uint8Array, contentType: string | null): Steps<string> {
  const mark = byteOrderMark(body)
  if (mark !== null) return yield* decode(body, mark)
  const isAllUtf8 = isUtf8(body)
  for (const declared of [() => charsetParameter(contentType), () => declaredEncoding(body)]) {
    const label = declared()
    const encoding = label === null ? null : encodingOf(label)
    if (encoding === null) continue
    const text = yield* decode(body, encoding)
    if (encoding !== 'utf-8' || isAllUtf8 || (yield* mostlyValid(text))) return text
  }
  // Other encodings are made of ASCII bytes too: with zeros between them, or with escapes.
  if (isAllUtf8 && !body.includes(0) && !body.includes(0x1b)) return yield* decode(body, 'utf-8')
  return yield* decode(body, guessEncoding(body))
}

/** The charset parameter of a Content-Type; null = none. */
export function charsetParameter(contentType: string | null): string | null {
  return contentType === null ? null : (/;\s*charset\s*=\s*["']?([^\s"';,]+)/i.exec(contentType)?.[1] ?? null)
}

function byteOrderMark(body: Uint8Array): string | null {
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) return 'utf-8'
  if (body[0] === 0xff && body[1] === 0xfe) return 'utf-16le'
  if (body[0] === 0xfe && body[1] === 0xff) return 'utf-16be'
  return null
}

/** null = of no encoding that is known: ASCII, and U+FFFD for the rest. */
function* decode(body: Uint8Array, encoding: string | null): Steps<string> {
  const decodePiece = encoding === null ? asciiAlone : decoderOf(encoding)
  if (body.length <= pieceLength) return decodePiece(body, false)
  const pieces: string[] = []
  for (let at = 0; at < body.length; at += pieceLength) {
    const end = at + pieceLength
    pieces.push(decodePiece(body.subarray(at, end), end < body.length))
    yield
  }
  return pieces.join('')
}

function asciiAlone(piece: Uint8Array): string {
  return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    .toString('latin1')
    .replace(/[\x80-\xff]/g, '\ufffd')
}

/** Text wrongly read as UTF-8 has more U+FFFD than other non-ASCII; one cut or bad character must not condemn a page. */
function* mostlyValid(text: string): Steps<boolean> {
  let bad = 0
  let good = 0
  for (let i = 0; i < text.length; i++) {
    if (i % pieceLength === 0) yield
    const code = text.charCodeAt(i)
    if (code === 0xfffd) bad++
    else if (code > 0x7f) good++
  }
  return bad <= good
}
