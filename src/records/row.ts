import type { CaptionSource } from './candidate.js'
import type { Permission } from './permission.js'
import type { RejectReason } from './verdict.js'

/** A caption as judged: `score` is the cosine similarity to the image; null = not scored. */
export interface ScoredCaption {
  readonly source: CaptionSource
  readonly text: string
  readonly score: number | null
}

/**
 * Facts about one candidate after a filter attempt: one line of a part's ledger, and later one row of a
 * shard's parquet and (kept only) the sample's json. Kept apart from its key, which the shard plan gives it.
 */
export interface Row {
  /** The winning caption where kept or scored, else the first caption. Never empty. */
  readonly caption: string
  /**
   * The source of the candidate that was asked and gave the image; where it redirected, still the URL that was asked.
   * Where no source gave an image: the candidate's best one.
   */
  readonly url: string
  /** null = kept. */
  readonly reason: RejectReason | null
  /** Longer explanation for people, e.g. `HTTP 404`; null where the reason says it all. */
  readonly detail: string | null
  /** Pixels of the stored image; null where none was stored. */
  readonly width: number | null
  readonly height: number | null
  /** Pixels of the fetched image after EXIF orientation; null where unknown. */
  readonly originalWidth: number | null
  readonly originalHeight: number | null
  /** EXIF as a JSON object string, `{}` where there is none; null where nothing was decoded. */
  readonly exif: string | null
  /** SHA-256 (hex) of the fetched bytes; null where none were fetched whole. */
  readonly sha256: string | null
  /** SHA-256 (hex) of the stored bytes; null where none were stored. */
  readonly storedSha256: string | null
  /** As `uidOf` gives it; null = not kept. Absent in parts of early versions. */
  readonly uid?: string | null
  /**
   * Embeddings of the stored image and of the winning caption, as the model gave them: L2-normalised 16-bit floats, the image's and then the text's,
   * in Base64. Absent or null = there are none.
   */
  readonly embeddings?: string | null
  /** Small picture of what was rejected, as WebP in Base64, on few rows (see `PictureChoice`). Absent or null = there is none. */
  readonly thumbnail?: string | null
  /** Number of its cluster by the embedding of its image; absent or null = it was not put into one. */
  readonly semanticGroup?: number | null
  /** ISO 8601 time at which the image's bytes had come; null where none were fetched. Absent in parts of early versions. */
  readonly fetchedAt?: string | null
  /** null = the image came from a list that names no page. */
  readonly pageUrl: string | null
  readonly captions: readonly ScoredCaption[]
  /** Cosine similarity of the winning caption, -1..1; null where not scored. */
  readonly clipScore: number | null
  /** Which model and preprocessing gave the scores; null where not scored. */
  readonly modelId: string | null
  /** 64-bit perceptual hash, 16 hex digits; null where nothing was decoded. */
  readonly phash: string | null
  /** ISO 639-1 code detected in the caption, `und` where it could not be told; null = not looked at. */
  readonly language: string | null
  readonly licenceUrl: string | null
  /** Who made the image, as a rule for its site found it; absent, or null, = nobody is named. */
  readonly credit?: string | null
  readonly permission: Permission | null
  /** On whose word its page was read; absent in parts of early versions. */
  readonly pagePermission?: Permission | null
  readonly tags: readonly string[]
  /** SHA-256 of the kept image a duplicate repeats (its fetched bytes); null where it is no duplicate. */
  readonly duplicateOf: string | null
}

/** The formats in which images are stored; also the file extension in the tar. */
export const storedFormats = ['jpg', 'png', 'webp'] as const
export type StoredFormat = (typeof storedFormats)[number]
