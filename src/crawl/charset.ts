import { isUtf8 } from 'node:buffer'
import iconv from 'iconv-lite'
import { atOnce, type Steps } from './steps.js'

/** How far into the body a `<meta charset>` is looked for. HTML asks for 1,024 bytes; old pages put long comments first. */
const prescanBytes = 4096
/** Bytes, or characters, that are looked at in one step. */
const pieceLength = 256 * 1024

/**
 * Bytes of an HTML page as text. In this order: byte order mark, charset of the Content-Type header, `<meta>`; without
 * any of them UTF-8 where the bytes are valid UTF-8, else windows-1252. A declared UTF-8 that most of the non-ASCII
 * bytes contradict is passed over. Never throws: bytes that fit nothing become U+FFFD.
 */
export function decodeHtml(body: Uint8Array, contentType: string | null): string {
  return atOnce(decodingSteps(body, contentType))
}

/** As decodeHtml, in steps. */
export function* decodingSteps(body: Uint8Array, contentType: string | null): Steps<string> {
  const mark = byteOrderMark(body)
  if (mark !== null) return yield* decode(body, mark)
  for (const label of [charsetParameter(contentType), metaCharset(body)]) {
    const encoding = label === null ? null : encodingOf(label)
    if (encoding === null) continue
    const text = yield* decode(body, encoding)
    if (encoding !== 'utf-8' || isUtf8(body) || (yield* mostlyValid(text))) return text
  }
  return yield* decode(body, isUtf8(body) ? 'utf-8' : 'windows-1252')
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

/** The label that a meta element within the first bytes gives, as HTML's prescan finds it; null = none. */
function metaCharset(body: Uint8Array): string | null {
  const head = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, prescanBytes))
    .toString('latin1')
    .replace(/<!--[\s\S]*?(-->|$)/g, '')
  for (const [tag] of head.matchAll(/<meta[\s/][^>]*>/gi)) {
    const label = /(?:^|[\s"';/])charset\s*=\s*["']?\s*([^\s"'/>;]+)/i.exec(tag)?.[1]
    if (label === undefined || encodingOf(label) === null) continue
    // HTML: a page whose meta could be read as ASCII is not UTF-16, whatever it says.
    return /^utf-?16/i.test(label) ? 'utf-8' : label
  }
  return null
}

/** The WHATWG name of an encoding, from any of its labels; null = unknown. */
function encodingOf(label: string): string | null {
  if (/^x-user-defined$/i.test(label)) return 'windows-1252'
  try {
    return new TextDecoder(label).encoding
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function* decode(body: Uint8Array, encoding: string): Steps<string> {
  const decodePiece = pieceDecoder(encoding)
  if (body.length <= pieceLength) return decodePiece(body, false)
  const pieces: string[] = []
  for (let at = 0; at < body.length; at += pieceLength) {
    const end = at + pieceLength
    pieces.push(decodePiece(body.subarray(at, end), end < body.length))
    yield
  }
  return pieces.join('')
}

/** `more`: another piece follows, to which a character may reach. */
function pieceDecoder(encoding: string): (piece: Uint8Array, more: boolean) => string {
  // Node 20's TextDecoder reads windows-1252 as ISO-8859-1, and so loses the euro sign, dashes and curly quotes.
  if (encoding === 'windows-1252') {
    return (piece) =>
      iconv.decode(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength), 'windows-1252')
  }
  const decoder = new TextDecoder(encoding)
  return (piece, more) => decoder.decode(piece, { stream: more })
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
