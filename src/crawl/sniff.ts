import { wideEncoding } from './charset/index.js'

/** Bytes looked at. */
const prefixBytes = 1024

/** Whether an undeclared body is a page: text in which one of HTML's usual first tags stands early. */
export function looksLikeHtml(body: Uint8Array): boolean {
  if (looksBinary(body)) return false
  const text = startOf(body, prefixBytes)
  // WHATWG MIME Sniffing, section 7.1: a comment at the beginning is a page's, however long.
  return firstTags.test(text) || /^\s*<!--/.test(text)
}

/** Bytes in which the outermost element of a listing stands: comments and style sheets may come before it. */
const rootBytes = 4096

/** Whether a body is a sitemap or a feed by its outermost element, whatever name or type it came with. */
export function looksLikeListing(body: Uint8Array): boolean {
  return /^(?:urlset|sitemapindex|rss|feed|rdf)$/i.test(outermostElement(body))
}

/** Whether a body is a page by its outermost element, though it says that it is XML. */
export function looksLikeXhtml(body: Uint8Array): boolean {
  return /^html$/i.test(outermostElement(body))
}

/** What may stand before the outermost element of a document, by how it begins, and how it ends. */
const beforeElement = [
  ['<!--', '-->'],
  ['<?', '>'],
  ['<!', '>'],
] as const

/** Name of a document's outermost element, without its prefix; '' = there is none in its first bytes. */
function outermostElement(body: Uint8Array): string {
  const text = startOf(body, rootBytes).replace(mark, '')
  let at = 0
  for (;;) {
    while (/\s/.test(text.charAt(at))) at++
    const aside = beforeElement.find(([begin]) => text.startsWith(begin, at))
    if (aside === undefined) break
    // The declarations within a document type have ends of their own.
    const inner = aside[0] === '<!' && /^<![^>]*\[/.test(text.slice(at)) ? text.indexOf(']', at) : at
    const end = inner < 0 ? -1 : text.indexOf(aside[1], Math.max(inner, at + aside[0].length))
    if (end < 0) return ''
    at = end + aside[1].length
  }
  return /^<(?:[\w.-]+:)?([\w-]+)[\s/>]/.exec(text.slice(at))?.[1] ?? ''
}

/** Whether a text is a list of URLs, one a line. */
export function looksLikeUrls(body: Uint8Array): boolean {
  const [first = ''] = startOf(body, prefixBytes)
    .replace(mark, '')
    .trimStart()
    .split(/[\r\n]/, 1)
  return /^https?:\/\/[^\s<>]+\s*$/i.test(first)
}

/** Byte order marks, as Latin-1. */
const mark = /^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)/

function startOf(body: Uint8Array, bytes: number): string {
  return Buffer.from(body.subarray(0, bytes)).toString('latin1').replaceAll('\0', '')
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
