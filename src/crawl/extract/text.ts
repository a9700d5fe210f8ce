import { Parser } from 'htmlparser2'
import { ownCopy } from '../own-copy.js'
import type { Node } from './document.js'

/** Captions and titles are cut here. Characters. */
const maxTextLength = 2000
/** Elements and texts looked at for one text, however empty they are. */
const maxNodes = 5000

/** Words of printable ASCII with single spaces between them. */
const tidy = /^[!-~]+(?: [!-~]+)*$/

/**
 * Whitespace collapsed, control characters gone, NFC, character references that are left decoded once more, well-formed, cut to
 * `maxTextLength`; null = nothing is left.
 */
export function tidyText(raw: string | undefined | null): string | null {
  if (raw === undefined || raw === null || raw === '') return null
  // The text is cut before its whitespace is normalised, so that a megabyte of alt is not normalised only to be cut.
  let text = raw.length > 8 * maxTextLength ? raw.slice(0, 8 * maxTextLength) : raw
  text = decodedOnce(text).trim()
  if (text.length <= maxTextLength && tidy.test(text)) return ownCopy(text)
  text = text.replace(/\s+/g, ' ')
  if (/[^ -~]/.test(text)) {
    text = Buffer.from(text.replace(/\p{Cc}/gu, ''))
      .toString()
      .normalize('NFC')
      .trim()
  }
  return text === '' ? null : cut(text)
}

/** The readable text of a node and all below it, untidied. `<br>` and block elements separate words. */
export function textOf(node: Node, limit = maxNodes): string {
  const parts: string[] = []
  let length = 0
  let visited = 0
  const stack: (Node | ' ')[] = [node]
  while (stack.length > 0 && visited++ < limit && length < 8 * maxTextLength) {
    const current = stack.pop()
    if (current === undefined) break
    if (current === ' ') {
      parts.push(' ')
    } else if (current.type === 'text') {
      parts.push(current.data)
      length += current.data.length
    } else if (current.type === 'tag') {
      if (unreadable.has(current.name)) continue
      const separate = !inline.has(current.name)
      if (separate) stack.push(' ')
      // More children than may be visited need not be stacked.
      for (let i = Math.min(current.children.length, limit) - 1; i >= 0; i--) {
        const child = current.children[i]
        if (child !== undefined) stack.push(child)
      }
      if (separate) parts.push(' ')
    }
  }
  return parts.join('')
}

const reference = /&(?:[a-z][a-z\d]{1,31}|#\d{1,7}|#x[\da-f]{1,6});/gi

/** What was encoded once more than its format asks: nobody writes `&amp;` into a description and means these five letters. */
function decodedOnce(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(reference, (whole) => {
    let decoded = ''
    const parser = new Parser({
      ontext: (piece) => {
        decoded += piece
      },
    })
    parser.end(whole)
    return decoded
  })
}

function cut(text: string): string {
  if (text.length <= maxTextLength) return text
  const last = text.charCodeAt(maxTextLength - 1)
  const splitsPair = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, splitsPair ? maxTextLength - 1 : maxTextLength).trimEnd()
}

const unreadable: ReadonlySet<string> = new Set(['script', 'style', 'template', 'noscript', 'svg', 'select'])

const inline: ReadonlySet<string> = new Set(
  'a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp small span strike strong sub sup time tt u var wbr'.split(
    ' ',
  ),
)
