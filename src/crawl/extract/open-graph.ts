import type { DeclaredImage } from './json-ld.js'

/** Metadata that lists more is no description of its page. */
const maxImages = 20

/**
 * The images that og: and twitter: metas declare, the page's own first. `og:image:alt` belongs to the og:image before it. The page's title and
 * description go with the first image, as over several they would speak of none; not those that speak of the whole site, nor the beginning of
 * an article.
 *
 * @param page its canonical URL, and the document's title; null = it has none
 */
export function readOpenGraph(
  metas: readonly (readonly [name: string, content: string])[],
  page: { readonly url: string; readonly title: string | null },
): DeclaredImage[] {
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
  const pageTexts = textsOf(first, page)
  return images.map(({ url, alt }, i) => {
    const texts = i === 0 || url === images[0]?.url ? pageTexts : []
    return { url, texts: alt === null ? texts : [alt, ...texts], licence: null }
  })
}

/** Texts of the page that may speak of its picture. */
function textsOf(
  metas: ReadonlyMap<string, string>,
  page: { readonly url: string; readonly title: string | null },
): string[] {
  const siteName = metas.get('og:site_name')?.trim() ?? ''
  const isOfSite = metas.get('og:type')?.trim().toLowerCase() === 'website'
  if (isOfSite && isFrontPage(page.url)) return []
  const title = withoutSite(metas.get('og:title') ?? metas.get('twitter:title') ?? '', siteName)
  if (page.title !== null && title.trim() !== '' && !shareWords(title, page.title)) return []
  const description = metas.get('og:description') ?? metas.get('twitter:description') ?? ''
  return [title, isExcerpt.test(description) ? '' : description].filter(
    (text) => text.trim() !== '' && text.trim() !== siteName,
  )
}

/** The beginning of a longer text, as blogs put it there. */
const isExcerpt = /(?:\u2026|\.\.\.|&hellip;|&#8230;)\s*\]?\s*$|\[\s*(?:\u2026|\.\.\.|&hellip;)/i

/** `Title | Site`, as many programs write it. */
function withoutSite(title: string, siteName: string): string {
  if (siteName === '') return title
  const at = title.lastIndexOf(siteName)
  if (at < 0 || at + siteName.length < title.trimEnd().length) return title
  return /^(.*\S)\s+[|\u2013\u2014\u00b7:\u00bb-]+\s*$/s.exec(title.slice(0, at))?.[1] ?? title
}

/** Whether a title speaks of what the document's own does; a site's name and slogan does not. */
function shareWords(a: string, b: string): boolean {
  const [one, other] = [a.toLowerCase(), b.toLowerCase()]
  const wordsOf = (text: string) =>
    text.match(/[\p{L}\p{N}]{3,}|[\p{Script=Han}\p{Script=Hangul}]{2}/gu) ?? []
  const words = wordsOf(other)
  return (
    words.length === 0 ||
    words.some((word) => one.includes(word)) ||
    wordsOf(one).some((word) => other.includes(word))
  )
}

function isFrontPage(url: string): boolean {
  return /^https?:\/\/[^/]+\/(?:index\.\w+|[a-z]{2}\/)?$/i.test(url)
}
