/** What a page asks of those who read it, beside robots.txt. */
export interface Directives {
  /** Its links are not to be followed. */
  readonly nofollow: boolean
  /** Its images are not to be taken. */
  readonly noimages: boolean
}

/** Directives that have a colon of their own, so that what stands before it is no crawler's name. */
const withValue = /^(unavailable_after|max-snippet|max-image-preview|max-video-preview)$/
const forbidsLinks: ReadonlySet<string> = new Set(['nofollow', 'none'])
const forbidsImages: ReadonlySet<string> = new Set(['noindex', 'none', 'noimageindex', 'noimageai', 'noai'])

/**
 * Joins the X-Robots-Tag header (repeated ones joined with commas; null = none) and the contents of the meta elements that
 * are named `robots` or after this crawler. A directive for another crawler by name does not count, but one that
 * follows it without a name may come from a header of its own, and so does.
 */
export function readDirectives(
  xRobotsTag: string | null,
  metas: readonly string[],
  product: string,
): Directives {
  const words = [...metas.flatMap((meta) => meta.split(',')), ...headerWords(xRobotsTag, product)]
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== '')
  return {
    nofollow: words.some((word) => forbidsLinks.has(word)),
    noimages: words.some((word) => forbidsImages.has(word)),
  }
}

function headerWords(header: string | null, product: string): string[] {
  if (header === null) return []
  const words: string[] = []
  for (const part of header.split(',')) {
    const named = /^\s*([A-Za-z0-9_-]+)\s*:(.*)$/.exec(part)
    const [, name = '', rest = ''] = named ?? []
    if (named === null || withValue.test(name.toLowerCase())) words.push(part)
    else if (name.toLowerCase() === product.toLowerCase()) words.push(rest)
  }
  return words
}
