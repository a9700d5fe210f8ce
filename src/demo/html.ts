export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

export interface Layout {
  readonly title: string
  /** BCP 47. */
  readonly language: string
  readonly siteTitle: string
  readonly licenceUrl: string
  /** Markup for the head, beside title and licence. */
  readonly head?: string
  readonly body: string
}

/** A whole page, with the furniture that real pages have: a logo, a bar of links, a footer with a button. */
export function pageHtml(layout: Layout): string {
  return `<!doctype html>
<html lang="${layout.language}">
<head>
<title>${escapeHtml(layout.title)}</title>
<link rel="license" href="${layout.licenceUrl}">
${layout.head ?? ''}
</head>
<body>
<header><a href="/"><img src="/assets/logo.png" alt="logo" width="120" height="40"></a>
<nav><a href="/">Home</a> <a href="/gallery">Gallery</a> <a href="/articles">Articles</a> <a href="/slideshow">Slideshow</a>
<a href="/about">About us</a> <a href="/de/" hreflang="de">Deutsch</a> <a href="/old-gallery">All pictures</a>
<a href="mailto:editor@${escapeHtml(layout.siteTitle.toLowerCase().replaceAll(' ', '-'))}.example">Write to us</a></nav></header>
<main>
${layout.body}
</main>
<footer><p>Pictures under <a rel="license" href="${layout.licenceUrl}">a free licence</a>.
<img src="/assets/button.png" alt="button"> <img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="">
<img src="/assets/mark.svg" alt="the mark of ${escapeHtml(layout.siteTitle)}"></p></footer>
</body>
</html>
`
}

/** How a page writes an image: each way is common on the web, and each hides the address in another place. */
export type Markup = 'plain' | 'lazy' | 'srcset' | 'picture' | 'noscript'

export interface ImageSources {
  readonly src: string
  /** Another size of the same picture, with its width in pixels; used by srcset and picture. */
  readonly larger: { readonly src: string; readonly side: number } | null
  readonly side: number
}

/** One image as markup; `alt` null = no alt attribute at all. */
export function imageHtml(
  markup: Markup,
  sources: ImageSources,
  alt: string | null,
  title: string | null = null,
): string {
  const words = `${alt === null ? '' : ` alt="${escapeHtml(alt)}"`}${title === null ? '' : ` title="${escapeHtml(title)}"`}`
  const plain = `<img src="${sources.src}"${words}>`
  const { larger } = sources
  switch (markup) {
    case 'plain':
      return plain
    case 'lazy':
      return `<img class="lazy" src="/assets/blank.gif" data-src="${sources.src}"${words} loading="lazy">`
    case 'noscript':
      return `<img class="lazy" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" data-original="${sources.src}"${words}><noscript>${plain}</noscript>`
    case 'srcset':
      if (larger === null) return plain
      return `<img src="${sources.src}" srcset="${sources.src} ${sources.side}w, ${larger.src} ${larger.side}w" sizes="50vw"${words}>`
    case 'picture':
      if (larger === null) return plain
      return `<picture><source srcset="${larger.src} 2x, ${sources.src} 1x">${plain}</picture>`
  }
}
