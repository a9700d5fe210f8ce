import type { Document, Element } from '../extract/document.js'
import type { Steps } from '../steps.js'

/** Texts that a rule finds for one picture; tidied, as written. */
export interface RuledTexts {
  /** The most trusted first. */
  readonly captions: readonly string[]
  /** null = none; so are the others. */
  readonly credit: string | null
  /** Link, not resolved. */
  readonly licence: string | null
  readonly language: string | null
}

/** What a rule says of one document. What it ignores is out of the tree by then, but for what declares something of the whole page. */
export interface RuledPage {
  /** It would cost more than is spent on a page: no picture is taken, and no link followed. */
  readonly isCostly: boolean
  /** Only pictures that the page shows are taken, not what metadata alone names. */
  readonly onlyShown: boolean
  readonly takes: (image: Element) => boolean
  readonly saidOf: (image: Element) => RuledTexts
  /** A link, as written, may be followed. */
  readonly follows: (href: string) => boolean
  /** Outermost elements that were taken out. */
  readonly ignored: readonly Element[]
  /** Image elements in those. */
  readonly imagesIgnored: number
  /** Links in those. */
  readonly linksIgnored: number
}

/** A rule as it is applied to a document, whose tree it may change. Its steps, and all their work, are bounded. */
export type PageRule = (document: Document) => Steps<RuledPage>

/** Rule of a page's URL; null = it has none. */
export type RuleOf = (url: string) => PageRule | null
