import type { Document, Element, Node } from '../extract/document.js'
import { imageElement } from '../extract/image-element.js'
import { textOf, tidyText } from '../extract/text.js'
import type { Steps } from '../steps.js'
import { compiler, type Effort, EffortSpent, type Matches } from './compile.js'
import type { RuledPage, RuledTexts } from './page-rule.js'
import { textSelector } from './selector.js'
import type { SiteRule } from './site-rule.js'
import { takeOut } from './take-out.js'
import { isLink, linkOf, walk } from './walk.js'

/** Looks at elements that the selectors of a rule may take on one page: a large page takes a hundredth of them. */
const maxEffort = 20_000_000
/** Elements by which one selector may speak of one card. */
const maxPerSelector = 4
/** Captions of one picture. */
const maxCaptions = 8

/** Elements in which the texts of a card, of a picture or of the page outside every card stand. */
interface Spoken {
  readonly captions: readonly Element[][]
  readonly credit: Element[]
  readonly licence: Element[]
  readonly language: Element[]
}

type Field = Exclude<keyof Spoken, 'captions'>

/** What a rule says of a document. */
export function* applied(rule: SiteRule, document: Document): Steps<RuledPage> {
  try {
    return yield* ruledPage(rule, document, { left: maxEffort })
  } catch (error) {
    if (error instanceof EffortSpent) return costly
    throw error
  }
}

const nothingSaid: RuledTexts = { captions: [], credit: null, licence: null, language: null }

const costly: RuledPage = {
  isCostly: true,
  onlyShown: true,
  takes: () => false,
  saidOf: () => nothingSaid,
  follows: () => false,
  ignored: [],
  imagesIgnored: 0,
  linksIgnored: 0,
}

function* ruledPage(rule: SiteRule, document: Document, effort: Effort): Steps<RuledPage> {
  const compiled = compiler(effort)
  const ignored: Element[] = []
  if (rule.ignore !== null) {
    const ignores = compiled(rule.ignore)
    yield* walk(document, (element) => {
      if (!ignores(element)) return true
      ignored.push(element)
      return false
    })
  }
  const out = yield* takeOut(ignored)
  const scan = new RuleScan(rule, compiled)
  yield* walk(document, scan.enter, scan.leave)
  const saidOf = yield* scan.texts()
  return {
    isCostly: false,
    onlyShown: rule.pictures !== null,
    takes: (image) => scan.taken.has(image),
    saidOf,
    follows: (href) => !scan.closed.has(href) || scan.followed.has(href),
    ignored,
    imagesIgnored: out.images,
    linksIgnored: out.links,
  }
}

/** One walk that asks every selector of every element. */
class RuleScan {
  /** Image elements that may be taken. */
  readonly taken = new Set<Element>()
  /** Links, as written, that the rule follows, and that it does not. */
  readonly followed = new Set<string>()
  readonly closed = new Set<string>()
  readonly #rule: SiteRule
  readonly #isPicture: Matches | null
  readonly #isCard: Matches
  readonly #captions: readonly Matches[]
  readonly #fields: readonly (readonly [Field, Matches])[]
  readonly #isFollowed: Matches | null
  /** The innermost last. */
  readonly #openCards: Element[] = []
  readonly #openPictures: Element[] = []
  readonly #openFollowed: Element[] = []
  readonly #cardOf = new Map<Element, Element>()
  /** By card; by image, where it speaks of itself alone; null = of the page. */
  readonly #spoken = new Map<Element | null, Spoken>()

  constructor(rule: SiteRule, compiled: (selector: string) => Matches) {
    const orNull = (selector: string | null) => (selector === null ? null : compiled(selector))
    this.#rule = rule
    this.#isPicture = orNull(rule.pictures)
    this.#isCard = compiled(rule.card)
    this.#captions = rule.captions.map((given) => compiled(textSelector(given).elements))
    this.#fields = (['credit', 'licence', 'language'] as const).flatMap((field) => {
      const given = rule[field]
      return given === null ? [] : [[field, compiled(textSelector(given).elements)] as const]
    })
    this.#isFollowed = orNull(rule.follow)
  }

  readonly enter = (element: Element): boolean => {
    if (this.#isCard(element)) this.#openCards.push(element)
    if (this.#isPicture?.(element) === true) this.#openPictures.push(element)
    if (this.#isFollowed?.(element) === true) this.#openFollowed.push(element)
    const card = this.#openCards.at(-1) ?? null
    const isImage = imageElement(element, null) !== null
    if (isImage && (this.#isPicture === null || this.#openPictures.length > 0)) this.taken.add(element)
    if (isImage && card !== null) this.#cardOf.set(element, card)
    const speaker = isImage ? element : card
    for (const [i, matches] of this.#captions.entries())
      if (speaker !== null && matches(element)) add(this.#spokenBy(speaker).captions[i], element)
    for (const [field, matches] of this.#fields)
      if (matches(element)) add(this.#spokenBy(speaker)[field], element)
    if (this.#isFollowed !== null) this.#takeLink(element)
    return true
  }

  readonly leave = (element: Element): void => {
    for (const open of [this.#openCards, this.#openPictures, this.#openFollowed])
      if (open.at(-1) === element) open.pop()
  };

  /** To be asked once, at the end: a credit is read and taken out of the page, so that it is part of no caption. */
  *texts(): Steps<(image: Element) => RuledTexts> {
    const credits = new Map<Element, string | null>()
    const { attribute } = textSelector(this.#rule.credit ?? '')
    if (attribute === null) {
      const elements = [...this.#spoken.values()].flatMap(({ credit }) => credit)
      for (const element of elements) credits.set(element, tidyText(textOf(element)))
      yield* takeOut(elements.filter((element) => !holdsImage(element)))
    }
    const known = new Map<Element | null, RuledTexts>()
    const read = (speaker: Element | null): RuledTexts => {
      const texts = known.get(speaker) ?? this.#read(this.#spoken.get(speaker), credits)
      known.set(speaker, texts)
      return texts
    }
    return (image) => {
      const own = this.#read(this.#spoken.get(image), credits)
      const card = this.#cardOf.get(image)
      const around = card === undefined ? nothingSaid : read(card)
      const page = read(null)
      return {
        captions: [...new Set([...own.captions, ...around.captions])].slice(0, maxCaptions),
        credit: own.credit ?? around.credit ?? page.credit,
        licence: own.licence ?? around.licence ?? page.licence,
        language: own.language ?? around.language ?? page.language,
      }
    }
  }

  #spokenBy(speaker: Element | null): Spoken {
    const known = this.#spoken.get(speaker)
    if (known !== undefined) return known
    const spoken = { captions: this.#captions.map(() => []), credit: [], licence: [], language: [] }
    this.#spoken.set(speaker, spoken)
    return spoken
  }

  #read(spoken: Spoken | undefined, credits: ReadonlyMap<Element, string | null>): RuledTexts {
    if (spoken === undefined) return nothingSaid
    const first = (field: Field): string | null => {
      for (const element of spoken[field]) {
        const text = credits.get(element) ?? textAt(element, this.#rule[field] ?? '')
        if (text !== null) return text
      }
      return null
    }
    const captions = spoken.captions.flatMap((elements, i) =>
      elements.map((element) => textAt(element, this.#rule.captions[i] ?? '')),
    )
    return {
      captions: captions.filter((text) => text !== null),
      credit: first('credit'),
      licence: first('licence'),
      language: first('language'),
    }
  }

  #takeLink(element: Element): void {
    const href = isLink(element) ? linkOf(element) : undefined
    if (href === undefined) return
    if (this.#openFollowed.length > 0) this.followed.add(href)
    else this.closed.add(href)
  }
}

function add(elements: Element[] | undefined, element: Element): void {
  if (elements !== undefined && elements.length < maxPerSelector) elements.push(element)
}

function textAt(element: Element, selector: string): string | null {
  const { attribute } = textSelector(selector)
  return tidyText(attribute === null ? textOf(element) : element.attribs[attribute])
}

/** Looks at no more than a text may be made of. */
function holdsImage(element: Element): boolean {
  const stack: Node[] = [element]
  for (let seen = 0; stack.length > 0 && seen < 1_000; seen++) {
    const node = stack.pop()
    if (node === undefined || !('attribs' in node)) continue
    if (imageElement(node, null) !== null) return true
    stack.push(...(node.children as Node[]).slice(0, 1_000))
  }
  return stack.length > 0
}
