import { createHash } from 'node:crypto'
import {
  isPictured,
  type Permission,
  type Refusals,
  type RejectReason,
  type StoredFormat,
} from '../records/index.js'
import type { Preprocessing } from './clip/index.js'
import type { Develop, DevelopOutcome, Recipe } from './develop.js'
import { type HeaderVerdict, headerVerdict, type ImageRejected } from './header.js'
import type { FetchImage } from './image-source.js'
import type { FilterOptions } from './options.js'
import { isWholeImage } from './whole-image.js'

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
  /** ISO 8601; null where no bytes came. */
  readonly fetchedAt: string | null
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
      /** The fetched file, where a small picture may be made of it; null = there is none, or it is not wanted. */
      readonly file: Uint8Array | null
    } & PictureFacts)
  | { readonly kind: 'deferred'; readonly delayMs: number; readonly reason: RejectReason }

export interface PictureDeps {
  readonly fetchImage: FetchImage
  readonly develop: Develop
  /** In a process of its own. */
  readonly developApart: Develop
  /** How the model wants its input; null = nothing is scored. */
  readonly preprocessing: Preprocessing | null
  /** Runs decoding work, no more at once than keeps the cores busy. */
  readonly decoding: <T>(work: () => Promise<T>) => Promise<T>
  /** Told how long an image was worked on, in milliseconds, kept or not; `from`: the URL that gave it. Absent = nobody wants to know. */
  readonly worked?: (from: string, ms: number) => void
  /** What is never to be taken, as it is known at the moment. */
  readonly refusals: () => Promise<Refusals>
  readonly now: () => number
}

/** Facts of which none is known. */
export const noFacts: PictureFacts = {
  imageUrl: null,
  originalWidth: null,
  originalHeight: null,
  exif: null,
  sha256: null,
  fetchedBytes: null,
  fetchedAt: null,
  phash: null,
  permission: null,
}
const unknown = { file: null, ...noFacts }

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

/** Files that were refused before they were decoded are held until their batch is judged, for small pictures of some: no larger ones. */
const maxShownBytes = 64 << 10

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
  return placeholder ?? refusal ?? { kind: 'rejected', reason: 'bad_url', detail: null, ...unknown }
}

/** Bytes that go where a picture is developed are given away: one that was lost there is fetched anew, and developed apart. */
async function pictureAt(
  deps: PictureDeps,
  url: string,
  attempts: number,
  options: FilterOptions,
  signal: AbortSignal,
): Promise<PictureOutcome> {
  for (const develop of [deps.develop, deps.developApart]) {
    const outcome = await triedAt(deps, develop, url, attempts, options, signal)
    if (outcome.kind !== 'lost') return outcome
  }
  throw new Error(`a picture was lost twice: ${url}`)
}

async function triedAt(
  deps: PictureDeps,
  develop: Develop,
  url: string,
  attempts: number,
  options: FilterOptions,
  signal: AbortSignal,
): Promise<PictureOutcome | { readonly kind: 'lost' }> {
  const fetched = await deps.fetchImage(url, attempts, (soFar) => prefixVerdict(soFar, options), signal)
  if (fetched.kind === 'deferred') return fetched
  const { permission } = fetched
  if (fetched.kind === 'rejected')
    return { kind: 'rejected', reason: fetched.reason, detail: fetched.detail, ...unknown, permission }

  const { bytes, from, stopped } = fetched
  const fetchedBytes = bytes.length
  const fetchedAt = new Date(deps.now()).toISOString()
  const reject = (
    reason: RejectReason,
    detail: string | null,
    facts: Partial<PictureFacts & { readonly file: Uint8Array | null }> = {},
  ): PictureOutcome => {
    const imageUrl = tryNext.has(reason) ? null : url
    return { kind: 'rejected', reason, detail, ...unknown, permission, imageUrl, fetchedAt, ...facts }
  }
  if (fetchedBytes === 0) return reject('empty', null)
  // Before anything is made of it.
  const refusedBy = refusalOfBytes(bytes, await deps.refusals())
  if (refusedBy !== null) return reject(refusedBy, null, { fetchedBytes })
  const header = headerVerdict(bytes, options, true)
  const refused = headRefusal(header, fetchedBytes, options)
  if (refused !== null) {
    const { reason, detail } = refused
    return reject(reason, detail, isPictured(reason) ? unread(bytes, stopped, options) : {})
  }
  const developed = await deps.decoding(async (): Promise<DevelopOutcome> => {
    const startedAt = deps.now()
    try {
      return await develop(bytes, recipeOf(options, deps.preprocessing), signal)
    } finally {
      deps.worked?.(from, deps.now() - startedAt)
    }
  })
  if (!('reason' in developed)) {
    const stored = { ...developed.stored, format: options.format }
    return { kind: 'picture', imageUrl: url, permission, fetchedBytes, fetchedAt, ...developed, stored }
  }
  if (developed.reason === 'lost') return { kind: 'lost' }
  return reject(developed.reason, developed.detail, { sha256: developed.sha256, fetchedBytes })
}

/** Why a file is not decoded; null = it is. */
function headRefusal(
  header: HeaderVerdict,
  fetchedBytes: number,
  { minBytes }: FilterOptions,
): ImageRejected | null {
  if (header.kind === 'rejected') return header
  return fetchedBytes < minBytes ? { reason: 'bytes_small', detail: `${fetchedBytes} bytes` } : null
}

/** Facts about a file that was refused before it was decoded, where it had come whole all the same: small ones do. */
function unread(
  bytes: Uint8Array,
  stopped: boolean,
  { rejectedPictures }: FilterOptions,
): Partial<PictureFacts> & { readonly file?: Uint8Array } {
  if (stopped && !isWholeImage(bytes)) return {}
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  // A copy: the bytes may be a piece of a larger buffer, which would be held with them.
  return rejectedPictures && bytes.length <= maxShownBytes
    ? { sha256, file: Uint8Array.from(bytes) }
    : { sha256 }
}

function refusalOfBytes(bytes: Uint8Array, refusals: Refusals) {
  const { asksBytes } = refusals
  if (!asksBytes.sha256 && !asksBytes.md5) return null
  const hashed = (algorithm: string) => createHash(algorithm).update(bytes).digest('hex')
  return refusals.ofImage({
    sha256: hashed('sha256'),
    ...(asksBytes.md5 ? { md5: hashed('md5') } : {}),
  })
}

/** The options that a picture is developed by, and no others: they go to another thread with each. */
function recipeOf(options: FilterOptions, preprocessing: Preprocessing | null): Recipe {
  const { minSide, maxAspect, minBytes, maxBytes, maxPixels, imageSize, format, quality } = options
  return {
    limits: { minSide, maxAspect, minBytes, maxBytes, maxPixels },
    stored: { imageSize, format, quality },
    preprocessing,
  }
}

function prefixVerdict(soFar: Uint8Array, options: FilterOptions): 'more' | 'enough' | 'stop' {
  const verdict = headerVerdict(soFar, options, false)
  if (verdict.kind === 'more') return 'more'
  return verdict.kind === 'rejected' ? 'stop' : 'enough'
}
