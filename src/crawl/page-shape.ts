/** Shape of a page, by which two pages are compared: robust against what differs by the URL alone. JSON. */
export interface PageShape {
  /** Without the URL's own words; null = none. */
  readonly title: string | null
  /** The smallest hashes of its runs of three words, ascending: as many of two pages agree as their texts do. */
  readonly sketch: readonly number[]
  /** Canonical URLs of the images that it shows with a caption. */
  readonly images: readonly string[]
}
