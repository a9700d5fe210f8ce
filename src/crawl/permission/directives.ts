/** Directives that have a colon of their own, so that what stands before it is no crawler's name. */
const withValue = /^(unavailable_after|max-snippet|max-image-preview|max-video-preview)$/
const againstLinks: ReadonlySet<string> = new Set(['nofollow', 'none'])
const againstImages: ReadonlySet<string> = new Set(['noindex', 'none', 'noimageindex', 'noimageai', 'noai'])

/** The first directive that forbids taking images; null = none does. */
export function wordAgainstImages(words: readonly string[]): string | null {
  return words.find((word) => againstImages.has(word)) ?? null
}

/** The first directive that forbids following links; null = none does. */
export function wordAgainstLinks(words: readonly string[]): string | null {
  return words.find((word) => againstLinks.has(word)) ?? null
}

/** As wordAgainstImages, of what robots meta elements say. A page may have a million directives: they are not taken apart. */
export function metaWordAgainstImages(contents: readonly string[]): string | null {
  return firstOf(contents, imagesClosed)
}

/** As wordAgainstLinks, of what robots meta elements say. */
export function metaWordAgainstLinks(contents: readonly string[]): string | null {
  return firstOf(contents, linksClosed)
}

const linksClosed = oneOf(againstLinks)
const imagesClosed = oneOf(againstImages)

function oneOf(words: ReadonlySet<string>): RegExp {
  return new RegExp(`(?:^|,)\\s*(${[...words].join('|')})\\s*(?:,|$)`, 'i')
}

function firstOf(contents: readonly string[], directive: RegExp): string | null {
  for (const content of contents) {
    const word = directive.exec(content)?.[1]
    if (word !== undefined) return word.toLowerCase()
  }
  return null
}

/**
 * The directives of an X-Robots-Tag header for this crawler; repeated headers come joined with commas. One for another crawler by name does
 * not count, but one that follows it without a name may come from a header of its own, and so does.
 */
export function headerWords(header: string, product: string): string[] {
  const words: string[] = []
  for (const part of header.split(',')) {
    const named = /^\s*([A-Za-z0-9_-]+)\s*:(.*)$/s.exec(part)
    const [, name = '', rest = ''] = named ?? []
    if (named === null || withValue.test(name.toLowerCase())) words.push(part)
    else if (name.toLowerCase() === product.toLowerCase()) words.push(rest)
  }
  return tidy(words)
}

function tidy(words: readonly string[]): string[] {
  return words.map((word) => word.trim().toLowerCase()).filter((word) => word !== '')
}
