import { Parser } from 'htmlparser2'
import { maxCaptions } from '../page-room.js'
import { EntryText } from './entry-text.js'

type Attributes = Readonly<Record<string, string>>

/** Picture that an entry names, with the texts that stand beside it. */
interface EntryImage {
  url: string | null
  texts: string[]
}

/** One page of a sitemap, or one item of a feed, as far as it was read. */
export interface Entry {
  page: string | null
  title: string | null
  /** HTML that it is written in, and that sums it up, with the pictures in it. */
  contents: string[]
  images: EntryImage[]
  /** Those that are only counted. */
  imagesLeft: number
  /** Against which addresses in it are resolved, each against the one before, the first against the file's own; as written. */
  bases: readonly string[]
  /** That it is written in, as declared; null = nobody says. */
  language: string | null
}

/** Sitemaps may name 50,000 pages (sitemaps.org). Images beyond as many are only counted. */
export const maxEntries = 50_000
/** Deeper documents are neither. */
const maxDepth = 32
/** Nor are those whose articles are deeper: the parser's time is depth times tags. */
const maxMarkupDepth = 256
/** Characters kept of one element's text, and of one that holds a whole article. */
const maxText = 8_000
const maxContent = 500_000

const roots: Readonly<Record<string, 'sitemap' | 'feed'>> = {
  urlset: 'sitemap',
  sitemapindex: 'sitemap',
  rss: 'feed',
  rdf: 'feed',
  feed: 'feed',
}
/** Prefixes that are usual, by what the names of their namespaces hold: a document may have others for them. */
const namespaces: readonly (readonly [part: string, prefix: string])[] = [
  ['sitemaps.org/schemas/sitemap/', ''],
  ['schemas/sitemap-image/', 'image:'],
  ['search.yahoo.com/mrss', 'media:'],
  ['purl.org/rss/1.0/modules/content', 'content:'],
  ['w3.org/1999/xhtml', ''],
]
/** Elements that hold HTML, as text or as it is: all of RSS and Atom that do. */
const contents: ReadonlySet<string> = new Set(['content:encoded', 'content', 'description', 'summary'])
/** A document that names more of them is none. */
const maxPrefixes = 32
const maxContents = 4
const entryNames: Readonly<Record<'sitemap' | 'feed', ReadonlySet<string>>> = {
  sitemap: new Set(['url', 'sitemap']),
  feed: new Set(['item', 'entry']),
}
/** Elements that say something about the image around them. */
const imageTexts: ReadonlySet<string> = new Set([
  'image:caption',
  'image:title',
  'media:title',
  'media:description',
])
const pictureFile = /\.(?:jpe?g|png|gif|webp|avif)(?:[?#]|$)/i

/** What an element declares for all within it. */
interface Scope {
  readonly depth: number
  readonly base: string | undefined
  readonly language: string | undefined
}

/** Reads the entries of a sitemap or a feed as its text arrives. */
export class EntryReader {
  readonly #parser: Parser
  /** Usual prefixes by those of the document. */
  readonly #prefixes = new Map<string, string>()
  #kind: 'sitemap' | 'feed' | null = null
  #depth = 0
  #isOther = false
  #text = ''
  /** Of the element that holds a text, whatever is in it, at `elementDepth`; null = none is open. */
  #element: EntryText | null = null
  #elementDepth = 0
  #entry: Entry | null = null
  #entryDepth = 0
  #image: EntryImage | null = null
  #ended: Entry[] = []
  readonly #scopes: Scope[] = []
  /** Of an RSS channel; null = it has said none so far. */
  #language: string | null = null

  constructor() {
    this.#parser = new Parser(
      {
        onopentag: (name, attributes) => {
          this.#learnPrefixes(name.toLowerCase(), attributes)
          this.#open(this.#usualName(name.toLowerCase()), attributes)
        },
        ontext: (piece) => {
          const room = maxText - this.#text.length
          if (this.#element !== null) this.#element.write(piece)
          else if (room > 0) this.#text += piece.slice(0, room)
        },
        onclosetag: (name) => this.#close(this.#usualName(name.toLowerCase())),
      },
      { xmlMode: true },
    )
  }

  /** By its outermost element; null = none was read yet, or it is of another kind. */
  get kind(): 'sitemap' | 'feed' | null {
    return this.#kind
  }

  /** Whether the text is neither a sitemap nor a feed. */
  get isOther(): boolean {
    return this.#isOther
  }

  /** The entries that end within the text. */
  push(text: string): readonly Entry[] {
    this.#parser.write(text)
    return this.#taken()
  }

  /** The entries that are left at the end of the text. */
  finish(): readonly Entry[] {
    this.#parser.end()
    return this.#taken()
  }

  #taken(): readonly Entry[] {
    const ended = this.#ended
    this.#ended = []
    return ended
  }

  #learnPrefixes(name: string, attributes: Attributes): void {
    const [prefix, local] = name.split(':')
    // The document's own elements have the prefix of its outermost one.
    if (this.#depth === 0 && prefix !== undefined && local !== undefined && local in roots)
      this.#prefixes.set(prefix, '')
    for (const [key, value] of Object.entries(attributes)) {
      if (!key.startsWith('xmlns:') || this.#prefixes.size >= maxPrefixes) continue
      const usual = namespaces.find(([part]) => value.includes(part))?.[1]
      if (usual !== undefined) this.#prefixes.set(key.slice('xmlns:'.length).toLowerCase(), usual)
    }
  }

  #usualName(name: string): string {
    const colon = name.indexOf(':')
    const usual = colon < 0 ? undefined : this.#prefixes.get(name.slice(0, colon))
    return usual === undefined ? name : `${usual}${name.slice(colon + 1)}`
  }

  #open(name: string, attributes: Attributes): void {
    this.#depth++
    if (this.#depth > (this.#element === null ? maxDepth : maxMarkupDepth)) this.#isOther = true
    if (this.#depth === 1 && this.#kind === null) {
      this.#kind = roots[name] ?? null
      this.#isOther ||= this.#kind === null
    }
    if (this.#isOther || this.#kind === null) return
    if (this.#element !== null) {
      this.#element.open(name, attributes)
      return
    }
    this.#text = ''
    const { 'xml:base': base, 'xml:lang': language } = attributes
    if (base !== undefined || language !== undefined)
      this.#scopes.push({ depth: this.#depth, base, language })
    if (this.#entry !== null) this.#openWithin(this.#entry, name, attributes)
    else if (entryNames[this.#kind].has(name)) {
      this.#entryDepth = this.#depth
      this.#entry = { page: null, title: null, contents: [], images: [], imagesLeft: 0, ...this.#declared() }
    }
  }

  #declared(): Pick<Entry, 'bases' | 'language'> {
    const bases = this.#scopes.map(({ base }) => base).filter((base) => base !== undefined)
    const { language } = this.#scopes.findLast((scope) => scope.language !== undefined) ?? {}
    return { bases, language: language ?? this.#language }
  }

  #openWithin(entry: Entry, name: string, attributes: Attributes): void {
    const { url, href, src, medium, type } = attributes
    const isTyped = type?.startsWith('image/') === true
    if (name === 'image:image') this.#image = { url: null, texts: [] }
    else if (name === 'media:content' || name === 'media:thumbnail' || name === 'enclosure') {
      const isNamed = medium === undefined && type === undefined && pictureFile.test(url ?? '')
      const isImage = medium === 'image' || isTyped || isNamed || name === 'media:thumbnail'
      if (isImage && url !== undefined) {
        this.#image = { url, texts: [] }
        addImage(entry, this.#image)
      }
    } else if (name === 'link' && href !== undefined) {
      const rel = attributes.rel ?? 'alternate'
      if (rel === 'alternate') entry.page ??= href
      if (rel === 'enclosure' && isTyped) addImage(entry, { url: href, texts: [] })
    } else if (name === 'content' && isTyped && src !== undefined) {
      addImage(entry, { url: src, texts: [] })
    } else if (name === 'title' || contents.has(name) || imageTexts.has(name)) {
      this.#element = new EntryText(attributes, contents.has(name) ? maxContent : maxText)
      this.#elementDepth = this.#depth
    }
  }

  #close(name: string): void {
    if (this.#element !== null && this.#depth > this.#elementDepth) this.#element.close(name)
    else if (!this.#isOther && this.#entry !== null) this.#closeWithin(this.#entry, name)
    else if (name === 'language') this.#language ??= this.#text.trim()
    if (this.#scopes.at(-1)?.depth === this.#depth) this.#scopes.pop()
    this.#depth--
    this.#text = ''
  }

  #closeWithin(entry: Entry, name: string): void {
    const text = this.#text
    if (this.#element !== null) {
      this.#closeText(entry, name, this.#element)
      this.#element = null
    } else if (this.#depth === this.#entryDepth) {
      this.#ended.push(entry)
      this.#entry = null
      this.#image = null
    } else if (name === 'image:image') {
      if (this.#image !== null) addImage(entry, this.#image)
      this.#image = null
    } else if (name === 'image:loc' && this.#image !== null) this.#image.url = text
    else if (name === 'loc' || (name === 'link' && text.trim() !== '')) entry.page ??= text
  }

  #closeText(entry: Entry, name: string, element: EntryText): void {
    if (contents.has(name)) {
      const html = element.html()
      if (html !== null && entry.contents.length < maxContents && !entry.contents.includes(html))
        entry.contents.push(html)
      return
    }
    const text = element.plain()
    if (name === 'title') {
      entry.title ??= text
      return
    }
    // Feeds also write them beside the picture.
    const of = this.#image ?? entry.images.at(-1)
    if (text.trim() !== '' && of !== undefined && of.texts.length < maxCaptions) of.texts.push(text)
  }
}

/** Images of an entry beyond those that are taken of a whole file are only counted. */
function addImage(entry: Entry, image: EntryImage): void {
  if (entry.images.length < maxEntries) entry.images.push(image)
  else entry.imagesLeft++
}
