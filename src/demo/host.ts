import { altOf, figcaptionOf, germanNames, withArticle } from './captions.js'
import type { Catalogue, Subject } from './catalogue.js'
import { badAlt, galleryItem, type Placed, placePicture, sides, strangerOf } from './gallery.js'
import { escapeHtml, imageHtml, pageHtml } from './html.js'
import type { DemoSize } from './options.js'
import { below, pick, type Random, randomOf, shuffled } from './random.js'
import { drawnIn, HostDraft } from './site.js'
import { type StyleName, styleOf } from './styles.js'

const picturesPerGallery = 24
const figuresPerArticle = 6

/** Under `.example`, which RFC 2606 keeps free of real sites. */
export function hostNameOf(style: StyleName): string {
  return `${style}.example`
}

/** Plans one host: every page, image and truth, from the seed alone. */
export function planHost(catalogue: Catalogue, style: StyleName, size: DemoSize): HostDraft {
  const random = randomOf(`${size.seed}/${style}`)
  const all = drawnIn(catalogue, style)
  const shown = shuffled(random, all).slice(0, size.picturesPerHost ?? all.length)
  const draft = new HostDraft(hostNameOf(style), style)
  const host = new HostPages(draft, catalogue.subjects, random)
  // A few are set apart for the pages that a crawler must not or cannot read.
  const apart = Math.min(8, Math.floor(shown.length * 0.04))
  const left = [...shown]
  const next = (count: number) => left.splice(0, count)
  host.forbiddenPages(next(apart), next(apart))
  host.slideshow(next(apart))
  const unlinked = next(apart)
  const articles = next(Math.round(left.length * 0.28))
  const placed = host.galleries(left)
  host.articles(articles, unlinked)
  host.germanPage(all)
  host.copies(placed)
  host.home(placed, size)
  host.furniture()
  return draft
}

/** The pages of one host, each method one kind. Holds the links that later pages name. */
class HostPages {
  private readonly pagePaths: string[] = []

  constructor(
    private readonly draft: HostDraft,
    private readonly subjects: readonly Subject[],
    private readonly random: Random,
  ) {}

  private get siteTitle(): string {
    return `The ${styleOf(this.draft.style).title} Picture Book`
  }

  private add(
    path: string,
    title: string,
    body: string,
    options: { language?: string; head?: string } = {},
  ): string {
    const html = pageHtml({
      title: `${title} - ${this.siteTitle}`,
      language: options.language ?? 'en',
      siteTitle: this.siteTitle,
      licenceUrl: styleOf(this.draft.style).licenceUrl,
      ...(options.head === undefined ? {} : { head: options.head }),
      body,
    })
    this.draft.page(path, html)
    return html
  }

  /** One under a folder that robots.txt forbids, one that says so itself. */
  forbiddenPages(byRobots: readonly Subject[], byPage: readonly Subject[]): void {
    const folder = { damage: false, folder: '/private/pictures' }
    const own = byRobots.map((s) => placePicture(this.draft, s, this.random, 'forbidden', folder))
    this.add('/private/members', 'Members only', `<h1>Members only</h1>\n${this.rightImages(own)}`)
    const folio = { damage: false, folder: '/portfolio/pictures' }
    const portfolio = byPage.map((s) => placePicture(this.draft, s, this.random, 'forbidden', folio))
    this.add('/portfolio', 'Not for machines', `<h1>Not for machines</h1>\n${this.rightImages(portfolio)}`, {
      head: '<meta name="robots" content="noimageai">',
    })
  }

  private rightImages(placed: readonly Placed[]): string {
    return placed.map((p) => imageHtml('plain', p.sources, altOf(p.subject, this.random))).join('\n')
  }

  /** Its pictures stand in a script; without running it there are none. */
  slideshow(subjects: readonly Subject[]): void {
    const slides = subjects.map((subject) => {
      const options = { damage: false, folder: '/slides' }
      const placed = placePicture(this.draft, subject, this.random, 'script', options)
      return { src: placed.sources.src, alt: altOf(subject, this.random) }
    })
    const script = `
const slides = ${JSON.stringify(slides)}
for (const { src, alt } of slides) {
  const image = document.createElement('img')
  image.src = src
  image.alt = alt
  document.querySelector('#slides').append(image)
}`
    const body = `<h1>Slideshow</h1>\n<div id="slides"></div>\n<script>${script}\n</script>`
    this.add('/slideshow', 'Slideshow', body)
  }

  /** Sheets of pictures, a group after the other; gives back what can be shown again elsewhere. */
  galleries(subjects: readonly Subject[]): Placed[] {
    const placed: Placed[] = []
    const sheets: string[] = []
    for (const group of [...new Set(subjects.map((s) => s.group))].sort()) {
      const ofGroup = subjects.filter((s) => s.group === group)
      const slug = group.toLowerCase().replace(/[^a-z]+/g, '-')
      for (let start = 0, sheet = 1; start < ofGroup.length; start += picturesPerGallery, sheet += 1) {
        const path = `/gallery/${slug}/${sheet}`
        const items = ofGroup.slice(start, start + picturesPerGallery).map((subject, i) => {
          const picture = placePicture(this.draft, subject, this.random, 'open')
          placed.push(picture)
          const image = galleryItem(this.draft, picture, this.subjects, this.random, 'open')
          // Links to image files look like links to pages until they are followed; one a sheet makes the point.
          return i === 0 ? `<li><a href="${picture.sources.src}">${image}</a></li>` : `<li>${image}</li>`
        })
        const more =
          start + picturesPerGallery < ofGroup.length
            ? `<a rel="next" href="${path.replace(/\d+$/, String(sheet + 1))}">Next sheet</a>`
            : ''
        const heading = `${group}, sheet ${sheet}`
        this.add(path, heading, `<h1>${escapeHtml(heading)}</h1>\n<ul>\n${items.join('\n')}\n</ul>\n${more}`)
        sheets.push(`<li><a href="${path}">${escapeHtml(heading)}</a></li>`)
        this.pagePaths.push(path)
      }
    }
    this.add('/gallery', 'Gallery', `<h1>Gallery</h1>\n<ul>${sheets.join('\n')}</ul>`)
    this.draft.redirects.set('/old-gallery', '/gallery')
    return placed
  }

  /** Figures with captions; the pictures of `unlinked` are in an article that only the sitemap names. */
  articles(subjects: readonly Subject[], unlinked: readonly Subject[]): void {
    const links: string[] = []
    for (let start = 0, number = 1; start < subjects.length; start += figuresPerArticle, number += 1) {
      const path = `/articles/${number}`
      const title = this.article(path, subjects.slice(start, start + figuresPerArticle), 'open')
      links.push(`<li><a href="${path}">${escapeHtml(title)}</a> (<a href="${path}?print=1">print</a>)</li>`)
      this.pagePaths.push(path)
    }
    if (unlinked.length > 0) {
      this.article('/articles/lost', unlinked, 'sitemap')
      this.pagePaths.push('/articles/lost')
    }
    this.add('/articles', 'Articles', `<h1>Articles</h1>\n<ul>${links.join('\n')}</ul>`)
  }

  private article(path: string, subjects: readonly Subject[], access: 'open' | 'sitemap'): string {
    const placed = subjects.map((subject) => placePicture(this.draft, subject, this.random, access))
    const title = `About ${subjects
      .slice(0, 2)
      .map((s) => withArticle(s.name))
      .join(' and ')}`
    const figures = placed.map((picture, i) => {
      const text = `<p>Much has been written about things like this one, and more will be. Paragraph ${i + 1} of our tour goes on below.</p>`
      return `${text}\n${this.figure(picture, access)}`
    })
    const lead = placed[0]
    const head =
      lead === undefined
        ? ''
        : `<meta property="og:title" content="${escapeHtml(`Our favourite: ${withArticle(lead.subject.name)}`)}">
<meta property="og:image" content="${this.draft.urlOf(lead.sources.src)}">
<script type="application/ld+json">${JSON.stringify({
            '@context': 'https://schema.org',
            '@type': 'ImageObject',
            contentUrl: this.draft.urlOf(lead.sources.src),
            caption: `${withArticle(lead.subject.name)} on a page about it`,
          })}</script>`
    const html = this.add(path, title, `<h1>${escapeHtml(title)}</h1>\n${figures.join('\n')}`, { head })
    this.draft.page(`${path}?print=1`, html)
    return title
  }

  /** The alt is often poor where a figcaption says it all; now and then it is the other way round. */
  private figure(placed: Placed, access: 'open' | 'sitemap'): string {
    const { subject, sources, readable } = placed
    const kind = this.random()
    const rightAlt = altOf(subject, this.random)
    const alt =
      kind < 0.6
        ? rightAlt
        : badAlt(
            kind < 0.8 ? 'file_name' : kind < 0.9 ? 'none' : 'wrong',
            subject,
            this.subjects,
            this.random,
          )
    const captionOfOther = kind < 0.05
    const caption = figcaptionOf(
      captionOfOther ? strangerOf(subject, this.subjects, this.random) : subject,
      this.random,
    )
    if (readable && access === 'open') this.draft.want(subject)
    return `<figure>${imageHtml(pick(this.random, ['plain', 'lazy', 'srcset']), sources, alt)}<figcaption>${escapeHtml(caption)}</figcaption></figure>`
  }

  /** In German, and in an old encoding. */
  germanPage(drawn: readonly Subject[]): void {
    const known = shuffled(
      this.random,
      drawn.filter((s) => s.id in germanNames),
    ).slice(0, 12)
    const items = known.map((subject) => {
      const options = { damage: false, folder: '/de/bilder' }
      const placed = placePicture(this.draft, subject, this.random, 'open', options)
      const alt = `${germanNames[subject.id] ?? subject.name} auf einem Bild`
      for (const { src } of [placed.sources, placed.sources.larger ?? placed.sources]) {
        this.draft.show(src, null, subject, 'open', [alt])
      }
      return imageHtml('plain', placed.sources, alt)
    })
    const html = pageHtml({
      title: `Bilder für alle - ${this.siteTitle}`,
      language: 'de',
      siteTitle: this.siteTitle,
      licenceUrl: styleOf(this.draft.style).licenceUrl,
      head: '<meta charset="windows-1252">',
      body: `<h1>Bilder für alle</h1>\n${items.join('\n')}`,
    })
    this.draft.pages.set('/de/', { body: Buffer.from(html, 'latin1'), contentType: 'text/html' })
  }

  /** The same bytes under other addresses: exact duplicates. */
  copies(placed: readonly Placed[]): void {
    const whole = placed.filter((p) => p.readable).slice(0, 8)
    const items = whole.map(({ subject, sources }) => {
      const file = this.draft.images.get(sources.src)
      const path = `/copies${sources.src}`
      if (file !== undefined) this.draft.show(path, file, subject, 'open')
      this.draft.want(subject)
      return imageHtml('plain', { ...sources, src: path, larger: null }, altOf(subject, this.random))
    })
    this.add('/copies', 'Borrowed pictures', `<h1>Borrowed pictures</h1>\n${items.join('\n')}`)
  }

  /** The front page: some pictures in a small size (near duplicates), and the way to everything else. */
  home(placed: readonly Placed[], size: DemoSize): void {
    const whole = placed.filter((p) => p.readable)
    const recent = shuffled(this.random, whole).slice(0, 8)
    const items = recent.map(({ subject, sources }) => {
      const file = this.draft.images.get(sources.src)
      const path = sources.src.replace(`-${sides.usual}.`, `-${sides.small}.`)
      if (file?.kind === 'picture') this.draft.show(path, { ...file, side: sides.small }, subject, 'open')
      this.draft.want(subject)
      return imageHtml('plain', { src: path, larger: null, side: sides.small }, altOf(subject, this.random))
    })
    const friends = size.styles
      .filter((style) => style !== this.draft.style)
      .map(
        (style) => `<li><a href="http://${hostNameOf(style)}/">${escapeHtml(styleOf(style).title)}</a></li>`,
      )
    const body = `<h1>${escapeHtml(this.siteTitle)}</h1>
<img src="/assets/banner.png" alt="welcome to our picture book">
<h2>Recently added</h2>
${items.join('\n')}
<h2>More</h2>
<ul><li><a href="/copies">Borrowed pictures</a></li><li><a href="/portfolio">Portfolio</a></li>
<li><a href="/private/members">Members only</a></li><li><a href="/nowhere">An old page</a></li></ul>
<h2>Friends</h2>
<ul>${friends.join('\n')}</ul>`
    this.add('/', 'Welcome', body)
  }

  furniture(): void {
    const style = styleOf(this.draft.style)
    const colour = `hsl(${below(this.random, 360)},60%,45%)`
    const { images, pages } = this.draft
    images.set('/assets/logo.png', { kind: 'sign', width: 120, height: 40, colour })
    images.set('/assets/button.png', { kind: 'sign', width: 88, height: 31, colour })
    images.set('/assets/banner.png', { kind: 'sign', width: 900, height: 120, colour })
    images.set('/assets/office.png', { kind: 'sign', width: 400, height: 300, colour })
    this.add(
      '/about',
      'About us',
      `<h1>About us</h1>
<p>The pictures on this site are from ${escapeHtml(style.title)} by ${escapeHtml(style.author)}, ${style.licence},
${escapeHtml(style.source)}; they were set on coloured grounds.</p>
<img src="/assets/office.png" alt="our friendly office on a sunny morning">`,
    )
    const urls = ['/', '/gallery', '/articles', ...this.pagePaths].map(
      (path) => `<url><loc>${escapeHtml(this.draft.urlOf(path))}</loc></url>`,
    )
    pages.set('/sitemap.xml', {
      body: Buffer.from(
        `<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n${urls.join('\n')}\n</urlset>\n`,
      ),
      contentType: 'application/xml',
    })
    const robots = `User-agent: *\nDisallow: /private/\nDisallow: /*?print=\nAllow: /\n\nSitemap: ${this.draft.urlOf('/sitemap.xml')}\n`
    pages.set('/robots.txt', { body: Buffer.from(robots), contentType: 'text/plain' })
  }
}

/** Whether robots.txt of every host forbids a path. */
export function isForbidden(path: string): boolean {
  return path.startsWith('/private/') || path.includes('?print=')
}
