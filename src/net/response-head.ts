import { headEnd } from './head-end.js'
import type { ResponseHead } from './outcome.js'

/** Head of a response, and where in the bytes its body begins. */
interface ReadHead {
  readonly head: ResponseHead
  readonly bodyAt: number
}

/** How a body ends: with its last chunk, after so many bytes, or with its connection (RFC 9112 section 6.3). */
export type BodyEnd =
  | { readonly kind: 'chunks' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'close' }

type Field = readonly [name: string, value: string]

/**
 * Reads the head of a response as browsers do, however carelessly it was written: lines that end in LF alone, lines without a colon (passed
 * over), lines folded into the one before, control bytes in values (blanks), blanks before a colon. null = it is no head of a
 * response. `isAll`: nothing follows, so that the head may end with the bytes; else 'more' = its end is not there yet. Pure.
 */
export function readHead(bytes: Buffer, isAll: boolean): ReadHead | 'more' | null {
  // RFC 9112 section 2.2: empty lines before the status line are nothing.
  let start = 0
  while (bytes[start] === 0x0d || bytes[start] === 0x0a) start++
  const begin = bytes.toString('latin1', start, start + protocol.length)
  if (begin.toUpperCase() !== protocol.slice(0, begin.length)) return null
  const end = headEnd(bytes, start)
  if (end < 0 && !isAll) return 'more'
  const bodyAt = end < 0 ? bytes.length : end
  const text = bytes.toString('latin1', start, bodyAt).replace(controls, ' ')
  const [first = '', ...lines] = text.split(/\r?\n/)
  const status = /^HTTP\/\d(?:\.\d)?\s+(\d{3})(?:\s|$)/i.exec(first)?.[1]
  if (status === undefined) return null
  return { head: { status: Number(status), headers: headersOf(fieldsOf(lines)) }, bodyAt }
}

const protocol = 'HTTP/'
/** Control bytes but tabs and the ends of lines. */
const controls = /[^\t\n\r\x20-\x7e\x80-\xff]|\r(?!\n)/g

function fieldsOf(lines: readonly string[]): readonly Field[] {
  const fields: [string, string][] = []
  for (const line of lines) {
    const before = fields.at(-1)
    const colon = line.indexOf(':')
    if (/^[ \t]/.test(line)) {
      if (before !== undefined) before[1] += ` ${line.trim()}`
    } else if (colon > 0) fields.push([line.slice(0, colon), line.slice(colon + 1)])
  }
  return fields
}

/** Fields as a response has them: see ResponseHead. */
export function headersOf(fields: readonly Field[]): Record<string, string> {
  const headers = new Map<string, string>()
  for (const [given, value] of fields) {
    const name = given.trim().toLowerCase()
    if (name === '' || name === '__proto__') continue
    const before = headers.get(name)
    headers.set(name, before === undefined ? value.trim() : joinedField(name, [before, value.trim()]))
  }
  return Object.fromEntries(headers)
}

/** Values of a repeated field as one. A cookie may hold a comma, so that Set-Cookie cannot be joined by it (RFC 9110 section 5.3). */
export function joinedField(name: string, values: readonly string[]): string {
  return values.join(name === 'set-cookie' ? '\n' : ', ')
}

/** Whether the last transfer coding of a message is the chunked one. */
export function isChunked({ headers }: ResponseHead): boolean {
  return /(?:^|[\s,])chunked\s*$/i.test(headers['transfer-encoding'] ?? '')
}

/**
 * How the body of a response ends. Chunks go before a length, and a length that is no number is none. null = it has two lengths that
 * disagree: which bytes are the body is anybody's guess.
 */
export function bodyEndOf(head: ResponseHead): BodyEnd | null {
  if (head.status === 204 || head.status === 304) return { kind: 'length', bytes: 0 }
  if (isChunked(head)) return { kind: 'chunks' }
  const lengths = new Set((head.headers['content-length'] ?? '').split(',').map((one) => one.trim()))
  if (lengths.size > 1) return null
  const [length = ''] = lengths
  return /^\d+$/.test(length) ? { kind: 'length', bytes: Number(length) } : { kind: 'close' }
}
