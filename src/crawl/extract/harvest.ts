import type { SignedShape } from '../render/signs.js'
import type { Steps } from '../steps.js'
import type { Attributes, Document, Node } from './document.js'
import { textOf, tidyText } from './text.js'

/** Findings of one walk over a document, as written: no URL is resolved and nothing is judged yet. */
export interface DomScan {
  title: string | null
  /** `lang` of the html element; null = none. */
  htmlLanguage: string | null
  /** `<meta http-equiv=content-language>`; null = none. */
  metaLanguage: string | null
  /** First `<base href>`; null = none. */
  base: string | null
  /** First rel=license outside every figure; null = none. */
  licence: string | null
  readonly links: string[]
  /** Those with rel=nofollow. */
  readonly nofollowLinks: string[]
  /** At most `maxImages`. */
  readonly images: FoundImage[]
  imagesSeen: number
  /** The first element of each id. */
  readonly byId: Map<string, Node>
  /** Parents before children. */
  readonly figures: Figure[]
  readonly jsonLd: FoundScript[]
  /** `property` or `name` (lower-case) and content of every meta element that has both, in order. */
  readonly metas: (readonly [name: string, content: string])[]
  readonly shape: MarkupShape
}

/** Counts, taken on the way, for the signs of a page that is built by script (see ../render/signs.ts). */
export type MarkupShape = {
  -readonly [Count in keyof Omit<SignedShape, 'usableImages' | 'emptyImages' | 'lazyImages'>]: number
}

/** A script of structured data. */
export interface FoundScript {
  readonly text: string
  /** Images of the document before it. */
  readonly imagesBefore: number
}

export interface Figure {
  readonly parent: Figure | null
  caption: string | null
  licence: string | null
}

export interface FoundImage {
  readonly attributes: Attributes
  /** `<source>` elements before it in its `<picture>`. */
  readonly sources: readonly Attributes[]
  readonly figure: Figure | null
  /** Nearest heading before it; null = none. */
  readonly heading: string | null
}

/** Images of one page that are looked at; the others are only counted. */
const maxImages = 20_000
/** Of the sources of one picture, the first ones are looked at. */
const maxSources = 100
/** Of a meta's content. Characters. */
const maxContent = 5000
const nodesPerStep = 64

interface Place {
  readonly figures: Figure[]
  /** Sources of the innermost open picture; null outside. Given to its first image only. */
  readonly pictures: { sources: Attributes[] }[]
  heading: string | null
  /** Texts are read when their element opens; one within another would read the same nodes again and again. */
  openHeading: Node | null
  openCaption: Node | null
  /** Open svg elements: their titles are not the page's. */
  svgs: number
  /** Of elements without content, before the script that may fill them; each counts once. */
  readonly emptyIds: Set<string>
}

/** DomScan of an empty document. */
export function emptyHarvest(): DomScan {
  return {
    title: null,
    htmlLanguage: null,
    metaLanguage: null,
    base: null,
    licence: null,
    links: [],
    nofollowLinks: [],
    images: [],
    imagesSeen: 0,
    byId: new Map(),
    figures: [],
    jsonLd: [],
    metas: [],
    shape: {
      scripts: 0,
      textLength: 0,
      lazyScripts: 0,
      emptyRoots: 0,
      customElements: 0,
      shadowRoots: 0,
      inlineFrames: 0,
    },
  }
}

/** One pass in document order, without recursion. */
export function* harvest(document: Document): Steps<DomScan> {
  const found = emptyHarvest()
  const place: Place = {
    figures: [],
    pictures: [],
    heading: null,
    openHeading: null,
    openCaption: null,
    svgs: 0,
    emptyIds: new Set(),
  }
  let node: Node | null = document.children[0] ?? null
  for (let nodes = 0; node !== null; nodes++) {
    if (nodes % nodesPerStep === 0 || node.type === 'script') yield
    const child: Node | null = enter(node, found, place)
    if (child !== null) {
      node = child
      continue
    }
    leave(node, place)
    while (node !== null && node.next === null) {
      const parent: Node | Document | null = node.parent
      if (parent === null || parent.type === 'root') return found
      node = parent as Node
      leave(node, place)
    }
    node = node === null ? null : (node.next as Node | null)
  }
  return found
}

/** Takes what the node holds; the answer is its first child, or null where there is nothing to descend into. */
function enter(node: Node, found: DomScan, place: Place): Node | null {
  if (node.type === 'text') found.shape.textLength += node.data.trim().length
  if (node.type === 'script') {
    if (isJsonLd(node.attribs.type))
      found.jsonLd.push({ text: rawText(node), imagesBefore: found.imagesSeen })
    else takeScript(node.attribs.type, rawText(node), found, place)
    return null
  }
  if (node.type !== 'tag') return null
  const { name, attribs } = node
  if (name.includes('-')) found.shape.customElements++
  const { id } = attribs
  if (id !== undefined && !found.byId.has(id)) found.byId.set(id, node)
  switch (name) {
    case 'img':
      if (found.imagesSeen++ >= maxImages) break
      found.images.push({
        attributes: attribs,
        sources: takeSources(place),
        figure: place.figures.at(-1) ?? null,
        heading: place.heading,
      })
      break
    case 'source':
      takeSource(attribs, place)
      break
    case 'svg':
      place.svgs++
      break
    case 'picture':
      place.pictures.push({ sources: [] })
      break
    case 'figure': {
      const figure: Figure = { parent: place.figures.at(-1) ?? null, caption: null, licence: null }
      found.figures.push(figure)
      place.figures.push(figure)
      break
    }
    case 'figcaption': {
      const figure = place.figures.at(-1)
      if (figure === undefined || place.openCaption !== null) break
      place.openCaption = node
      figure.caption ??= tidyText(textOf(node))
      break
    }
    case 'h1':
    case 'h2':
    case 'h3':
    case 'h4':
    case 'h5':
    case 'h6':
      if (place.openHeading !== null) break
      place.openHeading = node
      place.heading = tidyText(textOf(node)) ?? place.heading
      break
    case 'a':
    case 'area':
    case 'link':
      takeLink(name, attribs, found, place)
      break
    case 'frame':
    case 'iframe':
      if (attribs.src !== undefined) found.links.push(attribs.src)
      if (attribs.srcdoc !== undefined) found.shape.inlineFrames++
      break
    case 'meta':
      takeMeta(attribs, found)
      break
    case 'title':
      if (place.svgs === 0) found.title ??= tidyText(rawText(node))
      break
    case 'base':
      found.base ??= attribs.href ?? null
      break
    case 'html':
      found.htmlLanguage ??= attribs.lang ?? attribs['xml:lang'] ?? null
      break
    case 'template':
      if (attribs.shadowrootmode !== undefined) found.shape.shadowRoots++
      return null
    case 'div':
    case 'main':
    case 'section':
    case 'ul':
    case 'ol':
      if (id === undefined || id === '' || !isBlank(node.children) || sideShow.test(id)) break
      if (appRoot.test(id)) found.shape.emptyRoots++
      else if (place.emptyIds.size < maxEmptyIds) place.emptyIds.add(id)
      break
    default:
  }
  return node.children[0] ?? null
}

function leave(node: Node, place: Place): void {
  if (node.type !== 'tag') return
  if (node.name === 'figure') place.figures.pop()
  else if (node.name === 'picture') place.pictures.pop()
  else if (node.name === 'svg') place.svgs--
  else if (node === place.openHeading) place.openHeading = null
  else if (node === place.openCaption) place.openCaption = null
}

function takeSource(attribs: Attributes, place: Place): void {
  const sources = place.pictures.at(-1)?.sources
  if (sources !== undefined && sources.length < maxSources) sources.push(attribs)
}

function takeSources(place: Place): readonly Attributes[] {
  const picture = place.pictures.at(-1)
  if (picture === undefined) return []
  const { sources } = picture
  picture.sources = []
  return sources
}

function takeLink(name: string, attribs: Attributes, found: DomScan, place: Place): void {
  const href = attribs.href
  if (href === undefined) return
  const rel = attribs.rel ?? ''
  if (/(?:^|\s)license(?:\s|$)/i.test(rel)) {
    const figure = place.figures.at(-1)
    if (figure === undefined) found.licence ??= href
    else figure.licence ??= href
  }
  if (name === 'link' && !/(?:^|\s)next(?:\s|$)/i.test(rel)) return
  if (/(?:^|\s)nofollow(?:\s|$)/i.test(rel)) found.nofollowLinks.push(href)
  else found.links.push(href)
}

function takeMeta(attribs: Attributes, found: DomScan): void {
  const content = attribs.content?.slice(0, maxContent)
  if (content === undefined) return
  const pragma = attribs['http-equiv']?.toLowerCase()
  if (pragma === 'refresh') {
    const target = refreshTarget(content)
    if (target !== null) found.links.push(target)
  } else if (pragma === 'content-language') {
    found.metaLanguage ??= content
  }
  const name = attribs.property ?? attribs.name
  if (name !== undefined) found.metas.push([name.trim().toLowerCase(), content])
}

/** The URL of `5; url='x.html'`, as HTML reads it; null = the page only reloads itself. */
function refreshTarget(content: string): string | null {
  const text = /^\s*[\d.]+[\s;,]+(.+)$/s
    .exec(content)?.[1]
    ?.replace(/^url\s*=/i, '')
    .trim()
  if (text === undefined || text === '') return null
  const quote = text[0]
  if (quote !== '"' && quote !== "'") return text
  const end = text.indexOf(quote, 1)
  return end < 0 ? text.slice(1) : text.slice(1, end)
}

function isJsonLd(type: string | undefined): boolean {
  return type !== undefined && /^\s*application\/ld\+json\s*(;|$)/i.test(type)
}

/** Those of a type of its own hold data, and are no script (HTML, "prepare the script element"). */
function takeScript(type: string | undefined, text: string, { shape }: DomScan, { emptyIds }: Place): void {
  const isScript =
    type === undefined || /^\s*(?:$|module\s*$|(?:text|application)\/(?:x-)?(?:java|ecma)script)/i.test(type)
  if (!isScript) return
  shape.scripts++
  const looked = text.slice(0, maxScript)
  if (watchesScrolling.test(looked)) shape.lazyScripts++
  if (emptyIds.size === 0) return
  for (const [, word = ''] of looked.matchAll(quotedWord)) if (emptyIds.delete(word)) shape.emptyRoots++
}

/** Of a script that is looked into. Characters. */
const maxScript = 100_000
const watchesScrolling = /\bIntersectionObserver\b|['"`]scroll(?:end)?['"`]|\bonscroll\b/
/** An id, as scripts name it. */
const quotedWord = /["'`]#?([\w-]{1,60})["'`]/g
const maxEmptyIds = 200

/** The element that the usual frameworks fill. */
const appRoot = /^_*(?:root|app|app-root|main-app|react-root|next|nuxt|gatsby|svelte|application)$/i
/** Of elements that scripts fill beside what the page is about: advertisements, questions, comments. */
const sideShow =
  /(?:^|[-_])(?:ads?|adv|gpt|dfp|banner|sponsor\w*|cookies?|consent|gdpr|captcha|recaptcha|comments?|disqus|chat|toasts?|modal|popup|tooltip|overlay|notifications?|maps?|chart)(?:$|[-_\d])/i

function isBlank(children: readonly Node[]): boolean {
  return children.every((child) => child.type === 'text' && child.data.trim() === '')
}

function rawText(node: { readonly children: readonly Node[] }): string {
  return node.children.map((child) => (child.type === 'text' ? child.data : '')).join('')
}
