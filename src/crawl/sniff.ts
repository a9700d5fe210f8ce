import { wideEncoding } from './charset/index.js'

/** Bytes looked at. */
const prefixBytes = 1024

/** Whether an undeclared body is a page: text in which one of HTML's usual first tags stands early. */
export function looksLikeHtml(body: Uint8Array): boolean {
  if (looksBinary(body)) return false
  const text = Buffer.from(body.subarray(0, prefixBytes)).toString('latin1').replaceAll('\0', '')
  return firstTags.test(text)
}

/** Whether a body is a gzip file. */
export function isGzip(body: Uint8Array): boolean {
  return body[0] === 0x1f && body[1] === 0x8b
}

/** Whether a body holds bytes that no text holds (WHATWG MIME Sniffing, "binary data byte"): an image, an archive, a PDF. */
export function looksBinary(body: Uint8Array): boolean {
  const prefix = body.subarray(0, prefixBytes)
  const isMarked = (prefix[0] === 0xff && prefix[1] === 0xfe) || (prefix[0] === 0xfe && prefix[1] === 0xff)
  const isUtf16 = isMarked || (wideEncoding(prefix) !== null && !prefix.some((b) => b > 0 && isBinaryByte(b)))
  return !isUtf16 && (prefix.some(isBinaryByte) || startsWith(prefix, '%PDF-'))
}

/** Bytes in which the end tag of a whole document is looked for: some write counters and comments behind it. */
const suffixBytes = 4096

/** Whether a document is there to its end: a page, a sitemap or a feed with the end tag of its outermost element. */
export function hasEndTag(body: Uint8Array): boolean {
  return lastTag.test(Buffer.from(body.subarray(-suffixBytes)).toString('latin1').replaceAll('\0', ''))
}

const lastTag = /<\/(?:[\w-]+:)?(?:html|urlset|sitemapindex|rss|feed|rdf)\s*>/i

const firstTags =
  /<(?:!doctype\s+html|html|head|body|title|meta|script|style|table|div|h1|p|a|br|font|iframe|frameset|img)[\s/>]/i

function isBinaryByte(byte: number): boolean {
  return byte <= 0x08 || byte === 0x0b || (byte >= 0x0e && byte <= 0x1a) || (byte >= 0x1c && byte <= 0x1f)
}

function startsWith(bytes: Uint8Array, ascii: string): boolean {
  return Buffer.from(bytes.subarray(0, ascii.length)).toString('latin1') === ascii
}
