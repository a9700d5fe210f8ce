import type { Steps } from '../steps.js'
import type { Attributes, Document, Element, Node } from './document.js'
import { imageElement } from './image-element.js'
import { type LabelGroup, LabelScan } from './label-scan.js'
import { type EmptyIds, type MarkupShape, takeEmptyRoot, takeScript } from './script-shape.js'
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
  /** Smaller ones before those around them. */
  readonly labels: readonly LabelGroup[]
  readonly jsonLd: FoundScript[]
  /** `property` or `name` (lower-case) and content of every meta element that has both, in order. */
  readonly metas: (readonly [name: string, content: string])[]
  readonly shape: MarkupShape
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
  /** null = it came without a tree. */
  readonly element: Element | null
  readonly attributes: Attributes
  /** `<source>` elements before it in its `<picture>`. */
  readonly sources: readonly Attributes[]
  readonly figure: Figure | null
  /** Link around it, of which it is the first image; null = none. */
  readonly link: ImageLink | null
  /** Characters of text in the document before it. */
  readonly textBefore: number
}

interface ImageLink {
  /** As written. */
  readonly href: string
  /** As written; null = none. */
  readonly title: string | null
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
  readonly labels: LabelScan
  /** The innermost link around, until an image has it; null = none. */
  link: ImageLink | null
  /** A figcaption is read when it opens; one within another would read the same nodes again. */
  openCaption: Node | null
  /** Open svg elements, whose titles are not the page's. */
  readonly svgs: Element[]
  readonly emptyIds: EmptyIds
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
    labels: [],
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
  const labels = new LabelScan()
  const found: DomScan = { ...emptyHarvest(), labels: labels.groups }
  const place: Place = {
    figures: [],
    pictures: [],
    labels,
    link: null,
    openCaption: null,
    svgs: [],
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
    leave(node, found, place)
    while (node !== null && node.next === null) {
      const parent: Node | Document | null = node.parent
      if (parent === null || parent.type === 'root') {
        node = null
      } else {
        node = parent as Node
        leave(node, found, place)
      }
    }
    node = node === null ? null : (node.next as Node | null)
  }
  labels.end()
  return found
}

/** Takes what the node holds; the answer is its first child, or null where there is nothing to descend into. */
function enter(node: Node, found: DomScan, place: Place): Node | null {
  if (node.type === 'text') found.shape.textLength += node.data.trim().length
  if (node.type === 'script') {
    if (isJsonLd(node.attribs.type))
      found.jsonLd.push({ text: rawText(node), imagesBefore: found.imagesSeen })
    else takeScript(node.attribs.type, rawText(node), found.shape, place.emptyIds)
    return null
  }
  if (node.type !== 'tag') return null
  const { name, attribs } = node
  if (name.includes('-')) found.shape.customElements++
  const { id } = attribs
  if (id !== undefined && !found.byId.has(id)) found.byId.set(id, node)
  const image = imageElement(node, place.svgs.at(-1) ?? null)
  if (image !== null) takeImage(node, image, found, place)
  if (attribs.class !== undefined) place.labels.named(node, attribs.class)
  enterElement(node, found, place)
  if (name !== 'template') return node.children[0] ?? null
  if (attribs.shadowrootmode !== undefined) found.shape.shadowRoots++
  return null
}

function enterElement(node: Element, found: DomScan, place: Place): void {
  const { name, attribs } = node
  switch (name) {
    case 'source':
      takeSource(attribs, place)
      break
    case 'svg':
      place.svgs.push(node)
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
      if (figure === undefined) place.labels.caption(node)
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
      place.labels.heading(node, found.shape.textLength)
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
      if (place.svgs.length === 0) found.title ??= tidyText(rawText(node))
      break
    case 'base':
      found.base ??= attribs.href ?? null
      break
    case 'html':
      found.htmlLanguage ??= attribs.lang ?? attribs['xml:lang'] ?? null
      break
    case 'div':
    case 'main':
    case 'section':
    case 'ul':
    case 'ol':
      takeEmptyRoot(attribs.id, node.children, found.shape, place.emptyIds)
      break
    default:
  }
}

function leave(node: Node, found: DomScan, place: Place): void {
  if (node.type !== 'tag') return
  const { name } = node
  if (name === 'figure') place.figures.pop()
  else if (name === 'picture') place.pictures.pop()
  else if (name === 'svg') place.svgs.pop()
  else if (name === 'a') place.link = null
  else if (node === place.openCaption) place.openCaption = null
  place.labels.leave(node, found.shape.textLength)
}

function takeImage(element: Element, attributes: Attributes, found: DomScan, place: Place): void {
  if (found.imagesSeen++ >= maxImages) return
  place.labels.image(element, found.shape.textLength)
  found.images.push({
    element,
    attributes,
    sources: takeSources(place),
    figure: place.figures.at(-1) ?? null,
    link: place.link,
    textBefore: found.shape.textLength,
  })
  place.link = null
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
  if (name === 'a') place.link = { href, title: attribs.title ?? null }
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

function rawText(node: { readonly children: readonly Node[] }): string {
  return node.children.map((child) => (child.type === 'text' ? child.data : '')).join('')
}
