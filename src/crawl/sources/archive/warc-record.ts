import { headEnd } from '../../../net/index.js'
import type { RecordFault } from './archive.js'
import { agrees } from './byte-window.js'
import type { TextReader } from './text-reader.js'

/** The header of a WARC record (ISO 28500). */
export interface RecordHead {
  /** Lower-case. */
  readonly type: string
  /** Lower-case names; of a repeated field the first one. */
  readonly fields: ReadonlyMap<string, string>
  /** Of the block, bytes. */
  readonly length: number
}

/** `reason`: see `recordFaults`. */
type RecordFaulty = Extract<RecordRead, { kind: 'fault' }>

export type RecordRead =
  /** `block` null = it was not wanted, or is larger than allowed. */
  | { readonly kind: 'record'; readonly head: RecordHead; readonly block: Buffer | null }
  /** The rest of the same text cannot be told from the broken record. */
  | { readonly kind: 'fault'; readonly reason: RecordFault; readonly detail: string }
  /** There is no record any more. */
  | { readonly kind: 'end' }

/** Real headers have about one kilobyte. */
const maxHeadBytes = 64 * 1024
/** Whole archives have about one gigabyte; what is larger is not even passed over. */
const maxBlockBytes = 4 * 1024 ** 3
const mark = Buffer.from('WARC/')
const nextMark = Buffer.from('\nWARC/')
/**
 * Some writers count the line ends behind a block too, or forget a byte. A length that is off by so many bytes does not matter where the
 * block's true end shows: the next record begins, or the text ends.
 */
const mostOffBytes = 32
/** Between two records, by the standard and by writers of LF alone. */
const separators = ['\r\n\r\n', '\n\n'].map((ends) => Buffer.from(ends))
/** In so many bytes behind a block that is a little longer than it says the next record begins. */
const lookAheadBytes = mostOffBytes + 4 + nextMark.length

/** Reads one record. Blocks that are wanted and have at most `maxBytes` are held, others dropped. */
export async function readRecord(
  text: TextReader,
  wants: (head: RecordHead) => boolean,
  maxBytes: number,
): Promise<RecordRead> {
  await text.skipLineEnds()
  if (text.held.length === 0) return text.ended === null || text.ended.kind === 'end' ? end : broken(text)
  const found = await findHead(text)
  if (found.kind !== 'head') return found
  const head = parseHead(text.take(found.length))
  if ('why' in head) return { kind: 'fault', reason: 'malformed', detail: head.why }
  if (head.length > maxBlockBytes) {
    return { kind: 'fault', reason: 'too_large', detail: `it says that it has ${head.length} bytes` }
  }
  const isWanted = head.length <= maxBytes && wants(head)
  const kept = isWanted ? head.length : Math.min(head.length, mostOffBytes)
  const dropped = await text.drop(head.length - kept)
  let block = await text.read(kept)
  const missing = head.length - dropped - block.length
  if (missing > 0 && (missing > mostOffBytes || text.ended?.kind !== 'end')) return broken(text)
  let gap = await text.skipLineEnds()
  if (!(await followed(text))) {
    const whole = (await cutBack(text, block, gap)) ?? (await goneOnWith(text, block, gap))
    if (whole === null) {
      const detail = `something else than a record follows its ${head.length} bytes`
      return { kind: 'fault', reason: 'length', detail }
    }
    block = whole
    gap = nothing
  }
  if (text.ended !== null && text.ended.kind !== 'end') return broken(text)
  return { kind: 'record', head, block: isWanted ? ownBlock(block, gap) : null }
}

const nothing: Buffer = Buffer.alloc(0)

/** The block without the beginning of the next record, where that stands among its last bytes. */
async function cutBack(text: TextReader, block: Buffer, gap: Buffer): Promise<Buffer | null> {
  await text.has(nextMark.length)
  const tail = Buffer.concat([block.subarray(-mostOffBytes), gap])
  const at = Buffer.concat([tail, text.held.subarray(0, nextMark.length)]).indexOf(nextMark)
  if (at < 0 || at >= tail.length) return null
  text.putBack(tail.subarray(at + 1))
  return block.subarray(0, Math.max(0, block.length - (tail.length - gap.length)) + at + 1)
}

/** The block with what follows it, where that is little. */
async function goneOnWith(text: TextReader, block: Buffer, gap: Buffer): Promise<Buffer | null> {
  const isMore = await text.has(lookAheadBytes)
  const at = text.held.subarray(0, lookAheadBytes).indexOf(nextMark)
  if (at < 0 && (isMore || text.ended?.kind !== 'end')) return null
  return Buffer.concat([block, gap, text.take(at < 0 ? text.held.length : at + 1)])
}

/** The block without what separates it from the next one, so far as its length counts that in. `gap`: line ends behind it. */
function ownBlock(block: Buffer, gap: Buffer): Buffer {
  for (const separator of separators) {
    const counted = separator.length - gap.length
    if (counted > 0 && Buffer.concat([block.subarray(-counted), gap]).equals(separator))
      return block.subarray(0, -counted)
  }
  return block
}

const end: RecordRead = { kind: 'end' }

/** Why a text came to its end within a record. */
function broken({ ended, of }: TextReader): RecordFaulty {
  if (ended?.kind === 'broken') return { kind: 'fault', reason: ended.reason, detail: ended.detail }
  return of === 'file'
    ? { kind: 'fault', reason: 'cut', detail: 'the file ends within it' }
    : { kind: 'fault', reason: 'length', detail: 'its compressed data end before it does' }
}

/** Whether the next record begins here, or nothing follows. */
async function followed(text: TextReader): Promise<boolean> {
  while (text.held.length > 0 && text.held.length < mark.length) if (!(await text.more())) break
  return text.held.length === 0 || startsRecord(text.held)
}

export function startsRecord(bytes: Buffer): boolean {
  return bytes.length >= mark.length && agrees(bytes, mark)
}

/** Length of the header with the empty line that ends it. */
async function findHead(
  text: TextReader,
): Promise<{ readonly kind: 'head'; readonly length: number } | RecordFaulty> {
  for (;;) {
    const { held } = text
    if (!agrees(held, mark)) {
      return { kind: 'fault', reason: 'malformed', detail: 'no WARC record begins here' }
    }
    const start = held.subarray(0, maxHeadBytes)
    const length = headEnd(start)
    if (length >= 0) return { kind: 'head', length }
    if (held.length >= maxHeadBytes) {
      return { kind: 'fault', reason: 'header_large', detail: `its header is over ${maxHeadBytes} bytes` }
    }
    if (!(await text.more())) return broken(text)
  }
}

function parseHead(bytes: Buffer): RecordHead | { readonly why: string } {
  const [version = '', ...lines] = bytes.toString('utf8').split(/\r?\n/)
  if (!/^WARC\/[01]\.\d{1,4}\s*$/.test(version)) return { why: `its version is ${version.slice(0, 40)}` }
  const fields = fieldsOf(lines)
  const length = fields.get('content-length') ?? ''
  const type = fields.get('warc-type')
  if (type === undefined) return { why: 'it has no WARC-Type' }
  if (!/^\d{1,15}$/.test(length)) return { why: `its Content-Length is '${length.slice(0, 40)}'` }
  return { type: type.toLowerCase(), fields, length: Number(length) }
}

/** Named fields; a line that begins with a blank goes on with the one before. */
function fieldsOf(lines: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>()
  let last: string | null = null
  for (const line of lines) {
    if (/^[ \t]/.test(line) && last !== null) {
      fields.set(last, `${fields.get(last)} ${line.trim()}`)
      continue
    }
    const colon = line.indexOf(':')
    if (colon < 1) continue
    const name = line.slice(0, colon).trim().toLowerCase()
    last = fields.has(name) ? null : name
    if (last !== null) fields.set(last, line.slice(colon + 1).trim())
  }
  return fields
}
