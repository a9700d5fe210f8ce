import { encodingOf } from './encoding.js'

/** How far a meta element is looked for where the head has no end before. Most have it within the first kilobytes. */
const prescanBytes = [4096, 64 * 1024, 1024 * 1024]

/** Label of the encoding that a document itself declares, in a meta element of its head or in an XML declaration; null = none. */
export function declaredEncoding(body: Uint8Array): string | null {
  for (const length of prescanBytes) {
    const start = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, length))
      .toString('latin1')
      .replace(hidden, '')
    const end = start.search(headEnd)
    const isAll = end >= 0 || length >= body.byteLength
    // Metas right behind the head count too, as they always did on short pages.
    const label = metaLabel(end < 0 || length === prescanBytes[0] ? start : start.slice(0, end))
    if (label !== null) return label
    if (isAll) break
  }
  return xmlLabel(body)
}

/** Comments, and elements whose content is no markup. */
const hidden = /<!--[\s\S]*?(?:-->|$)|<(script|style|title|textarea)\b[\s\S]*?(?:<\/\1\s*>|$)/gi
const headEnd = /<\/head[\s>]|<body[\s>]/i

/** The first known label that a meta element gives, as HTML's prescan finds it. */
function metaLabel(head: string): string | null {
  for (const [tag] of head.matchAll(/<meta[\s/][^>]*>/gi)) {
    const label = /(?:^|[\s"';/])charset\s*=\s*["']?\s*([^\s"'/>;]+)/i.exec(tag)?.[1]
    if (label === undefined || encodingOf(label) === null) continue
    // HTML: what could be read as ASCII is not UTF-16, whatever it says; and a page cannot define characters of its own.
    if (/^utf-?16/i.test(label)) return 'utf-8'
    return /^x-user-defined$/i.test(label) ? 'windows-1252' : label
  }
  return null
}

/** The encoding of an XML declaration, which must be what the document begins with (XML 1.0 section 4.3.3); null = none. */
function xmlLabel(body: Uint8Array): string | null {
  const start = Buffer.from(body.subarray(0, 200)).toString('latin1')
  const label = /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(start)?.[1] ?? null
  return label !== null && /^utf-?16/i.test(label) ? 'utf-8' : label
}
