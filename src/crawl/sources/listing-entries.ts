import { Parser } from 'htmlparser2'
import { maxCaptions } from '../page-room.js'

/** Picture that an entry names, with the texts that stand beside it. */
export interface EntryImage {
  url: string | null
  texts: string[]
}

/** One page of a sitemap, or one item of a feed, as far as it was read. */
export interface Entry {
  page: string | null
  title: string | null
  /** HTML that it is written in, with the pictures in it; null = none. */
  content: string | null
  images: EntryImage[]
  /** Those that are only counted. */
  imagesLeft: number
}

/** Sitemaps may name 50,000 pages (sitemaps.org). Images beyond as many are only counted. */
export const maxEntries = 50_000
/** Deeper documents are neither. */
const maxDepth = 32
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
]
/** Elements that hold HTML as text: all of RSS and Atom that do. */
const contents: ReadonlySet<string> = new Set(['content:encoded', 'content', 'description', 'summary'])
/** A document that names more of them is none. */
const maxPrefixes = 32
const entryNames: ReadonlySet<string> = new Set(['url', 'sitemap', 'item', 'entry'])
/** Elements that say something about the image around them. */
const imageTexts: ReadonlySet<string> = new Set([
  'image:caption',
  'image:title',
  'media:title',
  'media:description',
])

/** Reads the entries of a sitemap or a feed as its text arrives. */
export class EntryReader {
  readonly #parser: Parser
  /** Usual prefixes by those of the document. */
  readonly #prefixes = new Map<string, string>()
  #kind: 'sitemap' | 'feed' | null = null
  #depth = 0
  #isOther = false
  #text = ''
  #maxText = maxText
  #entry: Entry | null = null
  #image: EntryImage | null = null
  #ended: Entry[] = []

  constructor() {
    this.#parser = new Parser(
      {
        onopentag: (name, attributes) => {
          this.#learnPrefixes(name.toLowerCase(), attributes)
          this.#open(this.#usualName(name.toLowerCase()), attributes)
        },
        ontext: (piece) => {
          const room = this.#maxText - this.#text.length
          if (room > 0) this.#text += piece.slice(0, room)
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

  #learnPrefixes(name: string, attributes: Readonly<Record<string, string>>): void {
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

  #open(name: string, attributes: Readonly<Record<string, string>>): void {
    this.#depth++
    if (this.#depth > maxDepth) this.#isOther = true
    if (this.#depth === 1 && this.#kind === null) {
      this.#kind = roots[name] ?? null
      this.#isOther ||= this.#kind === null
    }
    this.#text = ''
    this.#maxText = contents.has(name) ? maxContent : maxText
    if (this.#isOther) return
    if (this.#entry !== null) this.#openWithin(this.#entry, name, attributes)
    else if (entryNames.has(name))
      this.#entry = { page: null, title: null, content: null, images: [], imagesLeft: 0 }
  }

  #openWithin(entry: Entry, name: string, attributes: Readonly<Record<string, string>>): void {
    if (name === 'image:image') this.#image = { url: null, texts: [] }
    else if (name === 'media:content' || name === 'media:thumbnail' || name === 'enclosure') {
      const { url, medium, type } = attributes
      const isImage = medium === 'image' || type?.startsWith('image/') === true || name === 'media:thumbnail'
      if (isImage && url !== undefined) {
        this.#image = { url, texts: [] }
        addImage(entry, this.#image)
      }
    } else if (name === 'link' && attributes.href !== undefined) {
      const rel = attributes.rel ?? 'alternate'
      if (rel === 'alternate') entry.page ??= attributes.href
      if (rel === 'enclosure' && attributes.type?.startsWith('image/') === true)
        addImage(entry, { url: attributes.href, texts: [] })
    }
  }

  #close(name: string): void {
    if (!this.#isOther && this.#entry !== null) this.#closeWithin(this.#entry, name)
    this.#depth--
    this.#text = ''
  }

  #closeWithin(entry: Entry, name: string): void {
    const text = this.#text
    if (entryNames.has(name)) {
      this.#ended.push(entry)
      this.#entry = null
      this.#image = null
    } else if (name === 'image:image') {
      if (this.#image !== null) addImage(entry, this.#image)
      this.#image = null
    } else if (name === 'image:loc' && this.#image !== null) this.#image.url = text
    else if (imageTexts.has(name)) {
      // Feeds also write them beside the picture.
      const of = this.#image ?? entry.images.at(-1)
      if (text.trim() !== '' && of !== undefined && of.texts.length < maxCaptions) of.texts.push(text)
    } else if (name === 'loc' || (name === 'link' && text.trim() !== '')) entry.page ??= text
    else if (name === 'title') entry.title ??= text
    // The article goes before what sums it up.
    else if (contents.has(name) && text.includes('<') && text.length > (entry.content?.length ?? 0))
      entry.content = text
  }
}

/** Images of an entry beyond those that are taken of a whole file are only counted. */
function addImage(entry: Entry, image: EntryImage): void {
  if (entry.images.length < maxEntries) entry.images.push(image)
  else entry.imagesLeft++
}
