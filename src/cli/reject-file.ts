import { canonicalUrl } from '../crawl/index.js'
import {
  canonicalPattern,
  createDigestSet,
  maxDigests,
  messageOf,
  type RejectEntries,
  type RejectKind,
  rejectEntries,
  rejectKinds,
  sha256Of,
} from '../records/index.js'
import { parseRetracted } from '../shard/index.js'
import { whyUnreadable } from './file-text.js'

type RejectFileRead =
  | { readonly kind: 'entries'; readonly entries: RejectEntries }
  /** Each names the file, and its line. */
  | { readonly kind: 'problems'; readonly problems: readonly string[] }

/** After so many lines that cannot be read, the others are not looked at. */
const mostProblems = 20
const expected =
  'expected sha256:HEX, md5:HEX, phash:HEX, uid:HEX, host:NAME or url:URL, or one of them alone: 64, 32 or 16 hex digits, a URL, a host name with a dot'

/**
 * A list of what is never to be taken: one value a line, # begins a comment line; or the tombstones of a dataset, a retracted.json. Read as it comes,
 * so that a list may be larger than a text can be.
 */
export async function readRejectFile(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): Promise<RejectFileRead> {
  const values = new RejectValues()
  const problems: string[] = []
  const tombstones: string[] = []
  let line = 0
  try {
    for await (const text of linesOf(chunks)) {
      line++
      if (tombstones.length > 0 || (line === 1 && text.startsWith('{'))) {
        tombstones.push(text)
        continue
      }
      if (text === '' || text.startsWith('#')) continue
      const wrong = values.add(text)
      if (wrong !== null) problems.push(`--reject: '${name}' line ${line}: ${wrong}`)
      if (problems.length === mostProblems) {
        problems.push(`--reject: '${name}': what is behind line ${line} was not looked at`)
        break
      }
    }
  } catch (error) {
    const why = error instanceof RangeError ? messageOf(error) : whyUnreadable(error)
    return { kind: 'problems', problems: [`--reject: cannot read '${name}': ${why}`] }
  }
  if (problems.length > 0) return { kind: 'problems', problems }
  if (tombstones.length === 0) return { kind: 'entries', entries: values.entries() }
  const parsed = parseRetracted(tombstones.join('\n'))
  if ('entries' in parsed) return { kind: 'entries', entries: parsed.entries }
  return { kind: 'problems', problems: [`--reject: '${name}' is no retracted.json: ${parsed.message}`] }
}

/** Lines without what stands around them. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield line.trim()
  }
  const last = (rest + decoder.decode()).trim()
  if (last !== '') yield last
}

const hexKinds = { sha256: 'images', md5: 'md5s', phash: 'phashes', uid: 'uids' } as const
/** A uid has as many digits as an MD5, and has to say that it is one. */
const kindByDigits: Readonly<Record<number, RejectKind>> = { 64: 'images', 32: 'md5s', 16: 'phashes' }
const allHex = /^[0-9a-f]+$/i

/** Values of a list, as bytes: ten million of them would be too many texts. */
class RejectValues {
  readonly #bytes = new Map<RejectKind, { bytes: Buffer; length: number }>()

  /** What is wrong with a value; null = it was taken. */
  add(text: string): string | null {
    const kind = kindByDigits[text.length]
    if (kind !== undefined && allHex.test(text)) return this.#addHex(kind, text)
    const [, prefix, value = ''] = /^(sha256|md5|phash|uid|host|url):(.*)$/i.exec(text) ?? []
    switch (prefix?.toLowerCase()) {
      case 'sha256':
      case 'md5':
      case 'phash':
      case 'uid':
        return this.#addHex(hexKinds[prefix?.toLowerCase() as keyof typeof hexKinds], value.trim())
      case 'host':
        return this.#addText('hosts', canonicalPattern(value.trim()), text)
      case 'url':
        return this.#addText('urls', canonicalUrl(value.trim()), text)
    }
    if (text.includes('://')) return this.#addText('urls', canonicalUrl(text), text)
    // Without a dot it may as well be a hash that lacks a digit.
    return this.#addText('hosts', /[.:]/.test(text) ? canonicalPattern(text) : null, text)
  }

  entries(): RejectEntries {
    return rejectEntries((kind, width) => {
      const { bytes, length } = this.#bytes.get(kind) ?? { bytes: Buffer.alloc(0), length: 0 }
      return createDigestSet(width, bytes.subarray(0, length))
    })
  }

  #addHex(kind: RejectKind, digits: string): string | null {
    const width = rejectKinds[kind]
    if (digits.length !== 2 * width || !allHex.test(digits))
      return `'${shown(digits)}' is not ${2 * width} hex digits`
    const { bytes, length } = this.#room(kind, width)
    bytes.write(digits, length, 'hex')
    return null
  }

  #addText(kind: 'hosts' | 'urls', canonical: string | null, given: string): string | null {
    if (canonical === null) return `cannot use '${shown(given)}': ${expected}`
    const { bytes, length } = this.#room(kind, rejectKinds[kind])
    sha256Of(canonical).copy(bytes, length)
    return null
  }

  /** Where the next value of a kind goes. */
  #room(kind: RejectKind, width: number): { bytes: Buffer; length: number } {
    const had = this.#bytes.get(kind) ?? { bytes: Buffer.alloc(64 * width), length: 0 }
    if (had.length === maxDigests * width) throw new RangeError(`it has more than ${maxDigests} values`)
    const isFull = had.length === had.bytes.length
    const bytes = isFull ? Buffer.concat([had.bytes, Buffer.alloc(had.length)]) : had.bytes
    this.#bytes.set(kind, { bytes, length: had.length + width })
    return { bytes, length: had.length }
  }
}

const shown = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}...` : text)
