import { nearDistance, type StoredFormat, type UidKind } from '../records/index.js'

/** Which texts may stand beside an image. All ranges are inclusive. */
export interface TextRules {
  /**
   * Shortest caption in columns (a letter counts 1, a wide East Asian character 2): 5, as in LAION-400M
   * and DataComp.
   */
  readonly minChars: number
  /** Longest caption in code points: 1000, as longer texts are articles, and CLIP reads 77 tokens. */
  readonly maxChars: number
  /** Fewest words (see `countWords`): 2, as in DataComp's basic filter, as a single word rarely describes. */
  readonly minWords: number
  /** Most words: 200. */
  readonly maxWords: number
}

/** Which images are usable. */
export interface ImageLimits {
  /** Shorter side of the fetched image in pixels, at least; 0 = any. */
  readonly minSide: number
  /** Longer side divided by shorter side, at most; 0 = any. */
  readonly maxAspect: number
  /** Fetched bytes, at least; 0 = any. */
  readonly minBytes: number
  /** Fetched bytes, at most: 20 MiB. */
  readonly maxBytes: number
  /**
   * Width times height that a header may claim; more is a bomb and is never decoded: 67,108,864
   * (8192 x 8192): above every phone camera's usual output, and 200 MB as raw RGB. What takes more than 4 bytes a pixel
   * while it is decoded (16 bits a channel, interlaced PNG, GIF, AVIF) may have as many fewer.
   */
  readonly maxPixels: number
}

/** How the image is kept. */
export interface StoredImageOptions {
  /** Longer side of the stored image in pixels; smaller images are stored at their own size. */
  readonly imageSize: number
  readonly format: StoredFormat
  /** JPEG and WebP quality, 1..100; ignored for png. */
  readonly quality: number
  /** Work that WebP takes to be small, 0..6; absent = 4. */
  readonly webpEffort?: number
}

/** Everything that decides what is kept. Parsed once at the edge; every number is finite and in range here. */
export interface FilterOptions extends TextRules, ImageLimits, StoredImageOptions {
  /** Primary language codes to keep, as `languageCode` gives them; null = all. Texts of no certain language pass. */
  readonly languages: readonly string[] | null
  /** Cosine similarity, at least; null = the model's own. */
  readonly threshold: number | null
  readonly dedupe: 'near' | 'exact' | 'off'
  /** Two images whose perceptual hashes differ in at most this many of 64 bits are near duplicates: 3. */
  readonly nearDistance: number
  /** Whether kept pairs carry the embeddings by which they were scored. */
  readonly embeddings: boolean
  /** Whether some rejected rows carry a small picture. */
  readonly rejectedPictures: boolean
  /** A caption seen on more than this many different images is boilerplate; null = rule off. */
  readonly repeatedText: number | null
}

/** What a pair is named by: where duplicates are kept, an image alone does not name one. */
export function uidKindOf({ dedupe }: Pick<FilterOptions, 'dedupe'>): UidKind {
  return dedupe === 'off' ? 'pair' : 'content'
}

/** Rules that no option of a run changes. */
export const filterRules = {
  minChars: 5,
  maxChars: 1000,
  minWords: 2,
  maxWords: 200,
  maxBytes: 20 * 1024 * 1024,
  maxPixels: 8192 * 8192,
  nearDistance,
} as const satisfies Partial<FilterOptions>
