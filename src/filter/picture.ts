import { createHash } from 'node:crypto'
import type { Permission, RejectReason, StoredFormat } from '../records/index.js'
import { encodeStored } from './codec.js'
import { headerVerdict } from './header.js'
import type { Decode, Decoded } from './image.js'
import type { FetchImage } from './image-source.js'
import type { FilterOptions } from './options.js'
import { perceptualHash } from './phash.js'

/** Facts about an image, as far as it came. */
export interface PictureFacts {
  /** The source that was asked for the image and gave it, before any redirect; null = none gave an image. */
  readonly imageUrl: string | null
  readonly originalWidth: number | null
  readonly originalHeight: number | null
  readonly exif: string | null
  readonly sha256: string | null
  /** Size of the fetched bytes; null where they did not come whole. */
  readonly fetchedBytes: number | null
  readonly phash: string | null
  readonly permission: Permission | null
}

export interface Picture extends PictureFacts {
  readonly kind: 'picture'
  readonly sha256: string
  readonly phash: string
  readonly stored: {
    readonly bytes: Uint8Array
    readonly width: number
    readonly height: number
    readonly sha256: string
    readonly format: StoredFormat
  }
  /** CLIP's input, 8-bit RGB; null where nothing is scored. */
  readonly pixels: Uint8Array | null
}

export type PictureOutcome =
  | Picture
  | ({
      readonly kind: 'rejected'
      readonly reason: RejectReason
      readonly detail: string | null
    } & PictureFacts)
  | { readonly kind: 'deferred'; readonly delayMs: number; readonly reason: RejectReason }

export interface PictureDeps {
  readonly fetchImage: FetchImage
  readonly decode: Decode
  /** CLIP's resize and crop; null = nothing is scored. */
  readonly pixelsOf: ((decoded: Decoded) => Promise<Uint8Array>) | null
  /** Side of the model's square input; null = nothing is scored. */
  readonly tensorSide: number | null
  /** Runs decoding work, at most as much at once as there are cores. */
  readonly decoding: <T>(work: () => Promise<T>) => Promise<T>
  /** Told how long an image was worked on, in milliseconds, kept or not; `from`: the URL that gave it. Absent = nobody wants to know. */
  readonly worked?: (from: string, ms: number) => void
  readonly now: () => number
}

const unknown = {
  imageUrl: null,
  originalWidth: null,
  originalHeight: null,
  exif: null,
  sha256: null,
  fetchedBytes: null,
  phash: null,
}
/** A no for good to this URL, or to this host: another source of the same image may do. */
const tryNext: ReadonlySet<RejectReason> = new Set([
  'http_4xx',
  'http_other',
  'not_image',
  'svg',
  'format',
  'empty',
  'bad_url',
  'robots',
  'address_refused',
  'dns',
])

/** A picture, but maybe one that only holds the place of the one that is meant. */
const maybePlaceholder: ReadonlySet<RejectReason> = new Set(['side_small', 'bytes_small'])

/**
 * One image from URL to everything that is kept of it, by one decode. `urls` are tried in order while the answer is a no to the
 * URL, or what may be a placeholder. Where none gives an image, the answer of the first that gave a placeholder counts, else that of the
 * first; it is the one that such a row names.
 */
export async function takePicture(
  deps: PictureDeps,
  urls: readonly string[],
  attempts: number,
  options: FilterOptions,
  signal: AbortSignal,
): Promise<PictureOutcome> {
  let refusal: PictureOutcome | null = null
  let placeholder: PictureOutcome | null = null
  for (const url of urls) {
    const outcome = await pictureAt(deps, url, attempts, options, signal)
    if (outcome.kind !== 'rejected') return outcome
    if (outcome.imageUrl !== null) {
      if (!maybePlaceholder.has(outcome.reason)) return outcome
      placeholder ??= outcome
      continue
    }
    refusal ??= outcome
    if (!tryNext.has(outcome.reason)) break
  }
  return (
    placeholder ??
    refusal ?? { kind: 'rejected', reason: 'bad_url', detail: null, permission: null, ...unknown }
  )
}

async function pictureAt(
  deps: PictureDeps,
  url: string,
  attempts: number,
  options: FilterOptions,
  signal: AbortSignal,
): Promise<PictureOutcome> {
  const fetched = await deps.fetchImage(url, attempts, (soFar) => prefixVerdict(soFar, options), signal)
  if (fetched.kind === 'deferred') return fetched
  const { permission } = fetched
  if (fetched.kind === 'rejected')
    return { kind: 'rejected', reason: fetched.reason, detail: fetched.detail, permission, ...unknown }

  const { bytes } = fetched
  const reject = (
    reason: RejectReason,
    detail: string | null,
    facts: Partial<PictureFacts> = {},
  ): PictureOutcome => {
    const imageUrl = tryNext.has(reason) ? null : url
    return { kind: 'rejected', reason, detail, permission, ...unknown, imageUrl, ...facts }
  }
  if (bytes.length === 0) return reject('empty', null)
  const header = headerVerdict(bytes, options, true)
  if (header.kind === 'rejected') return reject(header.reason, header.detail)
  if (bytes.length < options.minBytes) return reject('bytes_small', `${bytes.length} bytes`)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const work = async (): Promise<PictureOutcome> => {
    const decoded = await deps.decode(
      bytes,
      options,
      { imageSize: options.imageSize, tensorSide: deps.tensorSide },
      signal,
    )
    if ('reason' in decoded)
      return reject(decoded.reason, decoded.detail, { sha256, fetchedBytes: bytes.length })
    const stored = await encodeStored(decoded, options)
    const phash = perceptualHash(decoded)
    const pixels = deps.pixelsOf === null ? null : await deps.pixelsOf(decoded)
    return {
      kind: 'picture',
      imageUrl: url,
      permission,
      originalWidth: decoded.originalWidth,
      originalHeight: decoded.originalHeight,
      exif: decoded.exif,
      sha256,
      fetchedBytes: bytes.length,
      phash,
      pixels,
      stored: { ...stored, format: options.format },
    }
  }
  return deps.decoding(async () => {
    const startedAt = deps.now()
    try {
      return await work()
    } finally {
      deps.worked?.(fetched.from, deps.now() - startedAt)
    }
  })
}

function prefixVerdict(soFar: Uint8Array, options: FilterOptions): 'more' | 'enough' | 'stop' {
  const verdict = headerVerdict(soFar, options, false)
  if (verdict.kind === 'more') return 'more'
  return verdict.kind === 'rejected' ? 'stop' : 'enough'
}
