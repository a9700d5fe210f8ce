import type { Steps } from '../steps.js'
import type { Attributes, Element, Node } from './document.js'
import { textOf, tidyText } from './text.js'

/** Text that stands near images and may speak of one of them: a heading, or what its class calls a caption. */
export interface Label {
  readonly kind: 'heading' | 'caption'
  readonly text: string
  /** 1 to 6 for a heading; 0 for a caption. */
  readonly rank: number
  /** Images of the document before it. */
  readonly imagesBefore: number
  /** Characters of text in the document before it. */
  readonly textBefore: number
  /** Images before the next heading of the document; those between are in its section. */
  sectionEnd: number
}

/** The smallest element that holds labels and at least one image. Smaller ones come before those around them. */
export interface LabelGroup {
  /** Images from, and to before. */
  readonly from: number
  readonly to: number
  /** A heading in it may speak of the picture above: not in a page's head, nor in the page as a whole. */
  readonly isCard: boolean
  readonly labels: readonly Label[]
}

/** An image as labels see it. */
export interface LabelledPicture {
  /** Equal for what shows the same picture, such as a lazy image and its noscript twin; null = no picture that has a caption. */
  readonly key: string | null
  /** A heading may speak of it: it is neither decoration nor tiny. */
  readonly mayBeHeaded: boolean
  /** Characters of text in the document before it. */
  readonly textBefore: number
}

export interface ImageLabels {
  readonly captions: readonly string[]
  /** Of its own card or section, where it is the only picture; null = none. */
  readonly heading: string | null
  /** Heading that stands over several pictures; null = none. */
  readonly context: string | null
}

const maxLabels = 20_000
/** Captions that are open at once; deeper ones are part of those. */
const maxOpen = 4
/** A container that is named as a caption and holds a longer text is an article. Characters. */
const maxContainerText = 300
/** More is no card. Characters. */
const maxCardText = 1000
/** Between a picture and its caption, or the heading below it. Characters. */
const maxGap = 200
/** Between a heading and the picture of its section. Characters. */
const maxSectionGap = 1000
/** A picture is told its first captions. */
const maxPerImage = 3

interface OpenCaption {
  readonly node: Node
  readonly images: number
  /** Labels that waited, and groups, when it opened. */
  readonly waiting: number
  readonly groups: number
}

/** Collects labels on the walk through a document, and the elements that hold them with images. */
export class LabelScan {
  readonly groups: LabelGroup[] = []
  /** Images before each open element, and characters of text. */
  readonly #from: number[] = []
  readonly #text: number[] = []
  /** Labels without an image so far, with the depth of the element in which they wait. */
  readonly #waiting: { readonly label: Label; depth: number }[] = []
  readonly #open: OpenCaption[] = []
  #labels = 0
  #heading: Label | null = null
  /** One within another would read the same nodes again. */
  #openHeading: Node | null = null

  /** To be told of every element before its content. */
  enter(node: Element, images: number, textBefore: number, inFigure: boolean): void {
    this.#from.push(images)
    this.#text.push(textBefore)
    const { name, attribs } = node
    if (name.length === 2 && name >= 'h1' && name <= 'h6') {
      if (this.#openHeading !== null) return
      this.#openHeading = node
      const text = tidyText(textOf(node))
      if (text === null) return
      if (this.#heading !== null) this.#heading.sectionEnd = images
      this.#heading = this.#add('heading', text, Number(name[1]), images, textBefore)
    } else if (isCaption(name, attribs, inFigure) && this.#open.length < maxOpen) {
      this.#open.push({ node, images, waiting: this.#waiting.length, groups: this.groups.length })
    }
  }

  /** To be told of every element after its content. */
  leave(node: Node, name: string, images: number, textBefore: number): void {
    const from = this.#from.pop() ?? 0
    const text = textBefore - (this.#text.pop() ?? 0)
    const depth = this.#from.length
    if (node === this.#openHeading) this.#openHeading = null
    if (this.#waiting.length > 0 && (this.#waiting.at(-1)?.depth ?? 0) > depth)
      this.#gather(from, images, depth, text <= maxCardText && !noCards.has(name))
    if (node === this.#open.at(-1)?.node) this.#closeCaption(images, textBefore)
  }

  /** To be told of the end of the document. */
  end(images: number): void {
    this.#gather(0, images, -1, false)
  }

  /** Labels of an element that ends: with its images they are a group, without any they wait in the element around. */
  #gather(from: number, to: number, depth: number, isCard: boolean): void {
    let first = this.#waiting.length
    for (; first > 0; first--) {
      const waiting = this.#waiting[first - 1]
      if (waiting === undefined || waiting.depth <= depth) break
      waiting.depth = depth
    }
    if (to > from && first < this.#waiting.length)
      this.groups.push({ from, to, isCard, labels: this.#waiting.splice(first).map(({ label }) => label) })
  }

  #closeCaption(images: number, textBefore: number): void {
    const opened = this.#open.pop()
    if (opened === undefined) return
    const { node } = opened
    if (images === opened.images) {
      // Those within it are parts of it.
      this.#waiting.splice(
        opened.waiting,
        this.#waiting.length,
        ...this.#waiting.slice(opened.waiting).filter(({ label }) => label.kind === 'heading'),
      )
      const text = tidyText(textOf(node))
      if (text !== null) this.#add('caption', text, 0, images, textBefore - text.length)
      return
    }
    const isLabelled = this.groups
      .slice(opened.groups)
      .some(({ labels }) => labels.some(({ kind }) => kind === 'caption'))
    const text = isLabelled ? null : tidyText(textOf(node))
    if (text === null || text.length > maxContainerText) return
    const label = labelOf('caption', text, 0, images, textBefore)
    this.groups.push({ from: opened.images, to: images, isCard: true, labels: [label] })
  }

  #add(kind: Label['kind'], text: string, rank: number, images: number, textBefore: number): Label {
    const label = labelOf(kind, text, rank, images, textBefore)
    if (this.#labels++ < maxLabels) this.#waiting.push({ label, depth: this.#from.length })
    return label
  }
}

function labelOf(
  kind: Label['kind'],
  text: string,
  rank: number,
  imagesBefore: number,
  textBefore: number,
): Label {
  return { kind, text, rank, imagesBefore, textBefore, sectionEnd: Number.POSITIVE_INFINITY }
}

/** In these a heading below a picture is that of the page. */
const noCards: ReadonlySet<string> = new Set(['html', 'body', 'main', 'header', 'nav', 'footer', 'form'])

const captionWord =
  /caption|gallerytext|cutline|bild(?:unter|text|leg)|legende|didasc|onderschr|desc|piefoto/i
const captionName =
  /^(?:.*[-_])?(?:[a-z]{0,10}caption|gallerytext|cutline|bildunterschrift|bildtext|bildlegende|legende|didascalia|onderschrift|piefoto|(?:image|img|photo|picture|pic|foto|figure|media|thumb|slide)[-_]?desc(?:ription)?)(?:[-_]*(?:text|txt|body|content|inner|title|desc|description|dd|wrap|wrapper|container|block|box|\d{1,2}))*$/i
/** Of what has a caption, shows it or hides it, rather than being one. */
const aboutCaption = /(?:^|[-_])(?:no|has|with|without|show|hide|toggle|closed?)[-_]?caption/i

/** The one list of what is named as a caption. A figure's own is the figure's. */
function isCaption(name: string, { class: names, itemprop }: Attributes, inFigure: boolean): boolean {
  if (name === 'figcaption') return !inFigure
  if (name === 'figure' || name === 'body' || name === 'html') return false
  if (itemprop === 'caption') return true
  if (names === undefined || !captionWord.test(names) || names.length > 500) return false
  return names.split(/\s+/).some((one) => captionName.test(one) && !aboutCaption.test(one))
}

/** A picture within a group, however often it is shown there. */
interface Shown {
  readonly at: number
  readonly textBefore: number
  readonly images: number[]
}

type Said = { captions: string[]; heading: string | null; context: string | null }

const groupsPerStep = 16

/**
 * What the labels of a document say of its images. A caption or heading belongs to the only picture of the smallest element that holds both;
 * where that holds several, to the one that it follows, or precedes, throughout. A heading of a section with several pictures is context.
 */
export function* labelImages(
  groups: readonly LabelGroup[],
  pictures: readonly LabelledPicture[],
): Steps<readonly ImageLabels[]> {
  const said: Said[] = pictures.map(() => ({ captions: [], heading: null, context: null }))
  for (const [i, group] of groups.entries()) {
    if (i % groupsPerStep === 0) yield
    const captions = group.labels.filter(({ kind }) => kind === 'caption')
    const headings = group.labels.filter(({ kind }) => kind === 'heading')
    if (captions.length > 0)
      takeCaptions(
        captions,
        shownIn(group, pictures, () => true),
        said,
      )
    if (headings.length > 0) {
      const isFree = (image: number) => pictures[image]?.mayBeHeaded === true && said[image]?.heading === null
      takeHeadings(headings, group, shownIn(group, pictures, isFree), said)
    }
  }
  return said
}

function shownIn(
  { from, to }: LabelGroup,
  pictures: readonly LabelledPicture[],
  counts: (image: number) => boolean,
): Shown[] {
  const shown = new Map<string, Shown>()
  for (let image = from; image < Math.min(to, pictures.length); image++) {
    const picture = pictures[image]
    if (picture === undefined || picture.key === null || !counts(image)) continue
    const known = shown.get(picture.key)
    if (known !== undefined) known.images.push(image)
    else shown.set(picture.key, { at: image, textBefore: picture.textBefore, images: [image] })
  }
  return [...shown.values()]
}

function takeCaptions(labels: readonly Label[], shown: readonly Shown[], said: Said[]): void {
  const [only] = shown
  const pairs: (readonly [Label, Shown])[] =
    shown.length === 1 && only !== undefined
      ? labels.map((label) => [label, only] as const)
      : (alternating(labels, shown) ?? [])
  for (const [label, picture] of pairs) {
    if (gapBetween(label, picture) > maxGap) continue
    for (const image of picture.images) {
      const captions = said[image]?.captions
      if (captions === undefined || captions.length >= maxPerImage || captions.includes(label.text)) continue
      captions.push(label.text)
    }
  }
}

function takeHeadings(
  labels: readonly Label[],
  group: LabelGroup,
  shown: readonly Shown[],
  said: Said[],
): void {
  const head = (label: Label, picture: Shown) => {
    for (const image of picture.images) {
      const one = said[image]
      if (one !== undefined) one.heading ??= label.text
    }
  }
  const below = headingsBelow(labels, shown)
  if (below !== null) {
    for (const [label, picture] of below) head(label, picture)
    return
  }
  let isTaken = false
  for (const label of labels) {
    const end = Math.min(label.sectionEnd, group.to)
    const own = shown.filter(({ at }) => at >= label.imagesBefore && at < end)
    const [only] = own
    if (own.length === 1 && only !== undefined) {
      isTaken = true
      if (gapBetween(label, only) <= maxSectionGap) head(label, only)
    } else {
      for (const picture of own)
        for (const image of picture.images) {
          const one = said[image]
          if (one !== undefined) one.context ??= label.text
        }
    }
  }
  const [only] = shown
  const [first] = labels
  if (isTaken || !group.isCard || shown.length !== 1 || only === undefined || first === undefined) return
  if (only.at < first.imagesBefore && gapBetween(first, only) <= maxGap) head(first, only)
}

/** Headings that each stand right below a picture, in a row of such; those of a higher rank before them head the row. null = it is none. */
function headingsBelow(labels: readonly Label[], shown: readonly Shown[]): [Label, Shown][] | null {
  const rank = labels.at(-1)?.rank ?? 0
  const row = labels.filter((label) => label.rank === rank)
  if (row.length < 2 || labels.some((label) => label.rank > rank)) return null
  const pairs = alternating(row, shown)
  const isBelow = pairs?.every(
    ([label, picture]) => picture.at < label.imagesBefore && gapBetween(label, picture) <= maxGap,
  )
  return isBelow === true ? pairs : null
}

/** Labels and pictures in turn, one of each: all labels behind theirs, or all before. null = they are not. */
function alternating(labels: readonly Label[], shown: readonly Shown[]): [Label, Shown][] | null {
  if (labels.length < 2 || labels.length !== shown.length) return null
  const pairs: [Label, Shown][] = []
  for (const [i, label] of labels.entries()) {
    const picture = shown[i]
    if (picture === undefined) return null
    pairs.push([label, picture])
  }
  const isBehind = pairs.every(
    ([label, picture], i) =>
      picture.at < label.imagesBefore && label.imagesBefore <= (shown[i + 1]?.at ?? label.imagesBefore),
  )
  const isBefore = pairs.every(
    ([label, picture], i) =>
      label.imagesBefore <= picture.at && picture.at < (labels[i + 1]?.imagesBefore ?? picture.at + 1),
  )
  return isBehind || isBefore ? pairs : null
}

/** Characters of text between the two. */
function gapBetween(label: Label, picture: Shown): number {
  return picture.at < label.imagesBefore
    ? label.textBefore - picture.textBefore
    : picture.textBefore - label.textBefore - label.text.length
}
