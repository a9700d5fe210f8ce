import type { StoredFormat } from '../records/index.js'

/** Which texts may stand beside an image. All ranges are inclusive. */
export interface TextRules {
  /**
   * Shortest caption in columns: a letter counts 1, a wide East Asian character counts 2. Default 5, as in
   * LAION-400M and DataComp.
   */
  readonly minChars: number
  /** Longest caption in code points. Default 1000: longer texts are articles, and CLIP reads 77 tokens. */
  readonly maxChars: number
  /** Fewest words (see `countWords`). Default 2, as in DataComp's basic filter: a single word rarely describes. */
  readonly minWords: number
  /** Most words. Default 200. */
  readonly maxWords: number
}

/** Which images are usable. */
export interface ImageLimits {
  /** Shorter side of the fetched image in pixels, at least; 0 = any. Default 200. */
  readonly minSide: number
  /** Longer side divided by shorter side, at most; 0 = any. Default 3. */
  readonly maxAspect: number
  /** Fetched bytes, at least; 0 = any. Default 5000. */
  readonly minBytes: number
  /** Fetched bytes, at most. Default 20 MiB. */
  readonly maxBytes: number
  /**
   * Width times height that a header may claim; more is a bomb and is never decoded. Default 67,108,864
   * (8192 x 8192): above every phone camera's usual output, and 200 MB as raw RGB. What takes more than 4 bytes a pixel
   * while it is decoded (16 bits a channel, interlaced PNG, GIF, AVIF) may have as many fewer.
   */
  readonly maxPixels: number
}

/** How the image is kept. */
export interface StoredImageOptions {
  /** Longer side of the stored image in pixels; smaller images are stored at their own size. Default 512. */
  readonly imageSize: number
  readonly format: StoredFormat
  /** JPEG and WebP quality, 1..100; ignored for png. Default 95, as img2dataset. */
  readonly quality: number
}

/** Everything that decides what is kept. Parsed once at the edge; every number is finite and in range here. */
export interface FilterOptions extends TextRules, ImageLimits, StoredImageOptions {
  /** Primary language codes to keep, as `languageCode` gives them; null = all. Texts of no certain language pass. */
  readonly languages: readonly string[] | null
  /** Cosine similarity, at least; null = the model's own default. */
  readonly threshold: number | null
  readonly dedupe: 'near' | 'exact' | 'off'
  /** Two images whose perceptual hashes differ in at most this many of 64 bits are near duplicates. Default 3. */
  readonly nearDistance: number
  /** A caption seen on more than this many different images is boilerplate; null = rule off. Default null. */
  readonly repeatedText: number | null
}

export const defaultFilterOptions: FilterOptions = {
  minChars: 5,
  maxChars: 1000,
  minWords: 2,
  maxWords: 200,
  minSide: 200,
  maxAspect: 3,
  minBytes: 5000,
  maxBytes: 20 * 1024 * 1024,
  maxPixels: 8192 * 8192,
  imageSize: 512,
  format: 'jpg',
  quality: 95,
  languages: null,
  threshold: null,
  dedupe: 'near',
  nearDistance: 3,
  repeatedText: null,
}
