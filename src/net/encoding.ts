import zlib from 'node:zlib'
import { type FetchFailed, failed } from './outcome.js'

/** A content coding that can be undone (RFC 9110 section 8.4.1; zstd: RFC 8878). */
export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd'

interface DecodeOptions {
  readonly maxOutputLength: number
  /** Absent = input that ends early is an error. */
  readonly finishFlush?: number
}
type Decoder = {
  readonly sync: (coded: Uint8Array, options: DecodeOptions) => Uint8Array
  readonly async: (
    coded: Uint8Array,
    options: DecodeOptions,
    done: (error: Error | null, bytes: Uint8Array) => void,
  ) => void
}

const inflated: Decoder = { sync: zlib.inflateSync, async: zlib.inflate }
const inflatedRaw: Decoder = { sync: zlib.inflateRawSync, async: zlib.inflateRaw }
const decoders: ReadonlyMap<Coding, Decoder> = new Map<Coding, Decoder>([
  ['gzip', { sync: zlib.gunzipSync, async: zlib.gunzip }],
  ['deflate', inflated],
  ['br', { sync: zlib.brotliDecompressSync, async: zlib.brotliDecompress }],
  ...zstdDecoder(),
])

/** Value of the Accept-Encoding header: what this Node can undo. */
export const acceptEncoding = [...decoders.keys()].join(', ')

const aliases: ReadonlyMap<string, Coding> = new Map([
  ['x-gzip', 'gzip'],
  ...[...decoders.keys()].map((coding): [string, Coding] => [coding, coding]),
])
/** Registered codings that cannot be undone here: their bytes mean nothing without it. */
const unsupported: ReadonlySet<string> = new Set(
  ['zstd', 'compress', 'x-compress', 'dcb', 'dcz', 'exi', 'pack200-gzip', 'aes128gcm'].filter(
    (name) => !aliases.has(name),
  ),
)
/** More layers than this are no honest server's. */
const maxLayers = 2

/**
 * The codings of a Content-Encoding field, in the order in which they were applied. Tokens that are no coding
 * at all (servers send `utf-8`, `none`, `binary`) are passed over, as browsers do.
 */
export function codingsOf(field: string | undefined): readonly Coding[] | FetchFailed {
  if (field === undefined) return []
  const codings: Coding[] = []
  for (const token of field.toLowerCase().split(',')) {
    const name = token.trim()
    if (unsupported.has(name)) return failed('encoding', `Content-Encoding ${name} is not supported`)
    const coding = aliases.get(name)
    if (coding !== undefined) codings.push(coding)
  }
  return codings.length > maxLayers ? failed('encoding', `${codings.length} layers of encoding`) : codings
}

/** A coded body this small is first tried on the calling thread: cheaper than a trip to the thread pool. */
const smallCodedBytes = 64 * 1024
/** ... and given up there beyond this output, so that a small bomb cannot hold the thread. */
const smallPlainBytes = 1024 * 1024

/** No text that people write shrinks to so small a part; what claims to have is made to fill memory. */
const maxRatio = 250
/** ... unless it comes out this small: short runs of one letter shrink far more and harm nobody. */
const ratioFreeBytes = 1024 * 1024

/** Undoes all codings; no layer may come out larger than `maxBytes`, nor than `maxRatio` times what it was. */
export async function decoded(
  body: Uint8Array,
  codings: readonly Coding[],
  maxBytes: number,
): Promise<Uint8Array | FetchFailed> {
  return layersUndone(body, codings, maxBytes, async (coded, coding, mostBytes) => {
    const plain = await undone(coded, coding, { maxOutputLength: mostBytes })
    if (!('kind' in plain) || plain.reason === 'too_large') return plain
    return (await withoutEnvelope(coded, coding, mostBytes)) ?? plain
  })
}

/** As decoded, of a body that breaks off: what can be undone of it. */
export async function decodedStart(
  body: Uint8Array,
  codings: readonly Coding[],
  maxBytes: number,
): Promise<Uint8Array | FetchFailed> {
  const { BROTLI_OPERATION_FLUSH, Z_SYNC_FLUSH } = zlib.constants
  return layersUndone(body, codings, maxBytes, (coded, coding, maxOutputLength) => {
    const finishFlush = coding === 'br' ? BROTLI_OPERATION_FLUSH : Z_SYNC_FLUSH
    return undone(coded, coding, { maxOutputLength, finishFlush })
  })
}

async function layersUndone(
  body: Uint8Array,
  codings: readonly Coding[],
  maxBytes: number,
  undo: (coded: Uint8Array, coding: Coding, mostBytes: number) => Promise<Uint8Array | FetchFailed>,
): Promise<Uint8Array | FetchFailed> {
  let bytes = body
  for (const coding of codings.toReversed()) {
    if (bytes.length === 0) return bytes
    const mostBytes = Math.min(maxBytes, Math.max(ratioFreeBytes, bytes.length * maxRatio))
    const layer = await undo(bytes, coding, Math.max(1, mostBytes))
    if ('kind' in layer) return layer
    bytes = layer
  }
  return bytes
}

async function undone(
  coded: Uint8Array,
  coding: Coding,
  options: DecodeOptions,
): Promise<Uint8Array | FetchFailed> {
  const { maxOutputLength } = options
  const decoder = decoderFor(coding, coded)
  if (coded.length <= smallCodedBytes) {
    const limit = Math.min(maxOutputLength, smallPlainBytes)
    try {
      return decoder.sync(coded, { ...options, maxOutputLength: limit })
    } catch (error) {
      if (!isTooLarge(error) || limit === maxOutputLength)
        return decodeFailure(error, coding, maxOutputLength)
    }
  }
  return new Promise((resolve) => {
    decoder.async(coded, options, (error, bytes) => {
      resolve(error === null ? bytes : decodeFailure(error, coding, maxOutputLength))
    })
  })
}

/** Bytes of the checksum and length behind a gzip member's last block (RFC 1952 section 2.3.1). */
const trailerBytes = 8

/**
 * The blocks of a gzip or zlib body up to its last one, whatever stands in place of the checksum or behind it: browsers look at neither.
 * null = the last block is not there, or another member follows.
 */
async function withoutEnvelope(
  coded: Uint8Array,
  coding: Coding,
  maxOutputLength: number,
): Promise<Uint8Array | null> {
  const blocksAt = coding === 'gzip' ? gzipHeaderEnd(coded) : coding === 'deflate' ? 2 : null
  if (blocksAt === null) return null
  const blocks = coded.subarray(blocksAt)
  const options: DecodeOptions & { readonly info: true } = { maxOutputLength, info: true }
  return new Promise((resolve) => {
    // With `info` the bytes come together with the engine that made them, of which the types do not know.
    zlib.inflateRaw(blocks, options, (error, answer: unknown) => {
      if (error !== null) return resolve(null)
      const { buffer, engine } = answer as { readonly buffer: Buffer; readonly engine: zlib.InflateRaw }
      const next = blocks.subarray(engine.bytesWritten + trailerBytes)
      resolve(next[0] === 0x1f && next[1] === 0x8b ? null : buffer)
    })
  })
}

/** Where the blocks of a gzip member begin (RFC 1952 section 2.3); null = it is none, or ends before. */
function gzipHeaderEnd(bytes: Uint8Array): number | null {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8) return null
  const flags = bytes[3] ?? 0
  let at = 10
  if ((flags & 4) !== 0) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0)
  // Name and comment end with a zero each.
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue
    const end = bytes.indexOf(0, at)
    if (end < 0) return null
    at = end + 1
  }
  return (flags & 2) === 0 ? at : at + 2
}

/** RFC 9110 section 8.4.1.2: deflate means the zlib format, but some send the raw one. */
function decoderFor(coding: Coding, coded: Uint8Array): Decoder {
  const [first = 0, second = 0] = coded
  const hasZlibHeader = (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0
  if (coding === 'deflate' && !hasZlibHeader) return inflatedRaw
  return decoders.get(coding) ?? inflated
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}

function decodeFailure(error: unknown, coding: Coding, maxBytes: number): FetchFailed {
  if (!(error instanceof Error)) throw error
  if (isTooLarge(error)) return failed('too_large', `over ${maxBytes} bytes after ${coding}`)
  // zlib's word for input that ended early: the rest may come with another try.
  if ('code' in error && error.code === 'Z_BUF_ERROR') return failed('body_cut', `${coding} body ends early`)
  return failed('encoding', `${coding}: ${error.message}`)
}

/** Node has zstd from 22.15 on; the types this project builds with do not know it. */
function zstdDecoder(): [Coding, Decoder][] {
  const sync: unknown = Reflect.get(zlib, 'zstdDecompressSync')
  const async: unknown = Reflect.get(zlib, 'zstdDecompress')
  if (typeof sync !== 'function' || typeof async !== 'function') return []
  return [
    [
      'zstd',
      {
        sync: (coded, options) => sync(coded, options),
        async: (coded, options, done) => async(coded, options, done),
      },
    ],
  ]
}
