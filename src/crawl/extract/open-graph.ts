import type { DeclaredImage } from './json-ld.js'

/**
 * The images that og: and twitter: metas declare. `og:image:alt` belongs to the og:image before it; the page's og:title
 * and og:description go with each image.
 */
export function readOpenGraph(metas: readonly (readonly [name: string, content: string])[]): DeclaredImage[] {
  const first = new Map<string, string>()
  const images: { url: string; alt: string | null }[] = []
  for (const [name, content] of metas) {
    if (content.trim() === '') continue
    if (!first.has(name)) first.set(name, content)
    const last = images.at(-1)
    if (name === 'og:image' || name === 'twitter:image' || name === 'twitter:image:src') {
      if (images.length < maxImages) images.push({ url: content, alt: null })
    } else if (name === 'og:image:url' && images.length === 0) {
      images.push({ url: content, alt: null })
    } else if ((name === 'og:image:alt' || name === 'twitter:image:alt') && last !== undefined) {
      last.alt ??= content
    }
  }
  const pageTexts = [
    first.get('og:title') ?? first.get('twitter:title'),
    first.get('og:description') ?? first.get('twitter:description'),
  ].filter((text) => text !== undefined)
  return images.map(({ url, alt }) => ({
    url,
    texts: alt === null ? pageTexts : [alt, ...pageTexts],
    licence: null,
  }))
}

/** Metadata that lists more is no description of its page. */
const maxImages = 20
