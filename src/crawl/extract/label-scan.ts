import type { Element, Node } from './document.js'
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

const maxLabels = 20_000
/** Captions that are open at once; deeper ones are part of those. */
const maxOpen = 4
/** A container that is named as a caption and holds a longer text is an article. Characters. */
const maxContainerText = 300
/** More is no card. Characters. */
const maxCardText = 1000

interface OpenCaption {
  readonly node: Element
  readonly images: number
  /** Labels that waited, and groups, when it opened. */
  readonly waiting: number
  readonly groups: number
}

interface Waiting {
  readonly label: Label
  /** Element that may have an image beside the label; null = the document. */
  within: Node | null
}

/** Collects labels on the walk through a document, and the elements that hold them with images. */
export class LabelScan {
  readonly groups: LabelGroup[] = []
  /** Elements of the images, in order. */
  readonly #images: { readonly node: Node; readonly textBefore: number }[] = []
  /** Labels without an image so far, the innermost last. */
  readonly #waiting: Waiting[] = []
  readonly #open: OpenCaption[] = []
  /** By the value of a class attribute: whether it names a caption. */
  readonly #captionClasses = new Map<string, boolean>()
  #labels = 0
  #heading: Label | null = null
  /** One within another would read the same nodes again. */
  #openHeading: Node | null = null
  /** Innermost elements whose end matters: with labels that wait, and named as a caption. */
  #awaited: Node | null = null
  #awaitedCaption: Node | null = null

  /** To be told of every image. */
  image(node: Node, textBefore: number): void {
    this.#images.push({ node, textBefore })
  }

  /** To be told of every heading before its content. */
  heading(node: Element, textBefore: number): void {
    if (this.#openHeading !== null) return
    this.#openHeading = node
    const text = tidyText(textOf(node))
    if (text === null) return
    const images = this.#images.length
    if (this.#heading !== null) this.#heading.sectionEnd = images
    this.#heading = labelOf('heading', text, Number(node.name[1]), images, textBefore)
    this.#wait(this.#heading, node)
  }

  /** To be told of every element with a class, before its content. */
  named(node: Element, names: string): void {
    if (captionWord.test(names) && !notCaptions.has(node.name) && this.#isCaption(names)) this.caption(node)
  }

  /** To be told of every other element that is a caption of what is near, before its content. */
  caption(node: Element): void {
    if (this.#open.length >= maxOpen || node === this.#awaitedCaption) return
    this.#awaitedCaption = node
    this.#open.push({
      node,
      images: this.#images.length,
      waiting: this.#waiting.length,
      groups: this.groups.length,
    })
  }

  /** To be told of every element after its content. */
  leave(node: Element, textBefore: number): void {
    if (node === this.#openHeading) this.#openHeading = null
    if (node === this.#awaited) this.#gather(node, node.parent as Node | null, textBefore)
    if (node === this.#awaitedCaption) this.#closeCaption(textBefore)
  }

  /** To be told of the end of the document. */
  end(): void {
    for (const waiting of this.#waiting) waiting.within = null
    this.#gather(null, null, Number.POSITIVE_INFINITY)
  }

  /** Labels of an element that ends: with its images they are a group, without any they wait in the element around. */
  #gather(node: Element | null, around: Node | null, textBefore: number): void {
    let first = this.#waiting.length
    while (first > 0 && this.#waiting[first - 1]?.within === node) first--
    const to = this.#images.length
    const from = node === null ? 0 : this.#firstImageIn(node)
    const label = this.#waiting[first]?.label
    if (from < to && label !== undefined) {
      const labels = this.#waiting.splice(first).map((waiting) => waiting.label)
      const textFrom = Math.min(label.textBefore, this.#images[from]?.textBefore ?? label.textBefore)
      const isCard = node !== null && !noCards.has(node.name) && textBefore - textFrom <= maxCardText
      this.groups.push({ from, to, isCard, labels })
    } else {
      const outer = around?.type === 'root' ? null : around
      for (let i = first; i < this.#waiting.length; i++) {
        const waiting = this.#waiting[i]
        if (waiting !== undefined) waiting.within = outer
      }
    }
    this.#awaited = this.#waiting.at(-1)?.within ?? null
  }

  /** How many images stand before those of an element whose content was just read. */
  #firstImageIn(node: Node): number {
    let low = 0
    let high = this.#images.length
    if (!this.#isIn(high - 1, node)) return high
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#isIn(middle, node)) high = middle
      else low = middle + 1
    }
    return low
  }

  #isIn(image: number, node: Node): boolean {
    let at: Node | null = this.#images[image]?.node ?? null
    while (at !== null && at !== node) at = at.parent as Node | null
    return at !== null
  }

  #closeCaption(textBefore: number): void {
    const opened = this.#open.pop()
    this.#awaitedCaption = this.#open.at(-1)?.node ?? null
    if (opened === undefined) return
    const { node } = opened
    const images = this.#images.length
    if (images === opened.images) {
      // Those within it are parts of it.
      const within = this.#waiting.splice(opened.waiting)
      this.#waiting.push(...within.filter(({ label }) => label.kind === 'heading'))
      const text = tidyText(textOf(node))
      const { parent } = node
      if (text !== null)
        this.#wait(
          labelOf('caption', text, 0, images, textBefore - text.length),
          parent?.type === 'root' ? null : (parent as Node | null),
        )
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

  #isCaption(names: string): boolean {
    let known = this.#captionClasses.get(names)
    if (known === undefined) {
      known = isCaptionClass(names)
      this.#captionClasses.set(names, known)
    }
    return known
  }

  #wait(label: Label, within: Node | null): void {
    if (this.#labels++ >= maxLabels) return
    this.#waiting.push({ label, within })
    this.#awaited = within
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

const notCaptions: ReadonlySet<string> = new Set([
  'figure',
  'figcaption',
  'body',
  'html',
  'img',
  'button',
  'input',
])
/** Cheap, and true of every name of a caption. */
const captionWord = /aption|APTION|ytext|utline|ildunter|ildtext|ildleg|egende|idasc|nderschr|esc|iefoto/
const captionName =
  /^(?:.*[-_])?(?:[a-z]{0,10}caption|gallerytext|cutline|bildunterschrift|bildtext|bildlegende|legende|didascalia|onderschrift|piefoto|(?:image|img|photo|picture|pic|foto|figure|media|thumb|slide)[-_]?desc(?:ription)?)(?:[-_]*(?:text|txt|body|content|inner|title|desc|description|dd|wrap|wrapper|container|block|box|\d{1,2}))*$/i
/** Of what has a caption, shows it or hides it, rather than being one. */
const aboutCaption = /(?:^|[-_])(?:no|has|with|without|show|hide|toggle|closed?)[-_]?caption/i

/** The one list of what is named as a caption. */
function isCaptionClass(names: string): boolean {
  if (names.length > 500) return false
  return names.split(/\s+/).some((one) => captionName.test(one) && !aboutCaption.test(one))
}
