import type { CaptionSource, OptOut } from '../../records/index.js'
import type { ExtractedPage } from '../page.js'
import { linkRoom } from '../page-room.js'
import { allOptOuts, type PageVerdict, pageVerdict } from '../permission/index.js'
import { type RenderSign, signsOf } from '../render/signs.js'
import type { PageRule, RuledPage } from '../rules/page-rule.js'
import { atOnce, type Steps } from '../steps.js'
import { canonicalUrl } from '../url.js'
import { type Finding, type Join, type JoinedPicture, joinFindings } from './candidates.js'
import { type Document, parseDocument } from './document.js'
import { findingsOf } from './findings.js'
import { type DomScan, type FoundScript, harvest } from './harvest.js'
import { type DeclaredImage, readJsonLd } from './json-ld.js'
import { languageTag } from './language-tag.js'
import { readOpenGraph } from './open-graph.js'
import { declaredUrl, type ImageUrls, isUnresolvedLazy, type SourceContext } from './source.js'
import { tidyText } from './text.js'

export { type DomScan, emptyHarvest, type FoundImage } from './harvest.js'

export interface ExtractOptions {
  /** Long side of the images that will be stored, pixels: which srcset entry is enough. */
  readonly imageSize: number
  /** The crawler's name, for directives addressed to it alone. */
  readonly productToken: string
  /** The response's Content-Language; null = none. */
  readonly contentLanguage: string | null
  /** The response's X-Robots-Tag, repeated ones joined with commas; null = none. */
  readonly xRobotsTag: string | null
  /** Which opt-outs count; absent = all. */
  readonly obeyed?: ReadonlySet<OptOut>
  /** False = nobody follows the links, and none is given; absent = true. */
  readonly links?: boolean
  /** Rule of the page's site; null, or absent, = it has none. */
  readonly rule?: PageRule | null
}

const imagesPerStep = 16
const linksPerStep = 64

/** A page, and what its HTML says beside what is taken from it. */
export interface ReadPage {
  readonly page: ExtractedPage
  /** Why a browser might find more in it. */
  readonly signs: readonly RenderSign[]
  /** No link was taken from it, as the page itself declares. */
  readonly linksRefused: boolean
  readonly document: Document
  readonly reading: Reading
}

/** What was found in a page, and what became of it: what is taken from it follows from this. */
export interface Reading {
  readonly found: DomScan
  /** What the rule of its site says; null = it has none. */
  readonly ruled: RuledPage | null
  readonly base: string
  readonly verdict: PageVerdict
  /** One of each image element; none where the page refuses. */
  readonly findings: readonly Finding[]
  /** Of those, and of what metadata names; to be asked for only by who tells people. */
  readonly pictures: () => readonly JoinedPicture[]
}

/** Everything of use in one page (`url` canonical). Pure; its time is linear in the page's length, whatever is in it. */
export function extractPage(html: string, url: string, options: ExtractOptions): ExtractedPage {
  return readPage(html, url, options).page
}

/** As extractPage, with the signs that there is more. */
export function readPage(html: string, url: string, options: ExtractOptions): ReadPage {
  return atOnce(pageSteps(html, url, options))
}

/** As readPage, in steps. */
export function* pageSteps(html: string, url: string, options: ExtractOptions): Steps<ReadPage> {
  const document = yield* parseDocument(html)
  const ruled = options.rule === undefined || options.rule === null ? null : yield* options.rule(document)
  const found = yield* harvest(document)
  const { page, reading } = yield* readHarvest(found, url, options, ruled)
  const signs = page.refusal === null ? renderSignsOf(found, reading.findings) : []
  return { page, signs, linksRefused: reading.verdict.links !== null, document, reading }
}

/** As extractPage, from what was found in a page already. */
export function* harvestSteps(found: DomScan, url: string, options: ExtractOptions): Steps<ExtractedPage> {
  return (yield* readHarvest(found, url, options, null)).page
}

type ReadHarvest = Pick<ReadPage, 'page' | 'reading'>

function* readHarvest(
  found: DomScan,
  url: string,
  options: ExtractOptions,
  ruled: RuledPage | null,
): Steps<ReadHarvest> {
  const base = (found.base === null ? null : canonicalUrl(found.base, url)) ?? url
  const { productToken, obeyed = allOptOuts } = options
  const verdict = pageVerdict(
    { xRobotsTag: options.xRobotsTag, metas: found.metas },
    { productToken, obeyed },
  )
  const language =
    languageTag(found.htmlLanguage) ?? languageTag(found.metaLanguage) ?? languageTag(options.contentLanguage)
  const offered = obeyed.has('rel-nofollow') ? found.links : [...found.links, ...found.nofollowLinks]
  const open = ruled === null ? offered : offered.filter(ruled.follows)
  const linksRefused = verdict.links !== null
  const linksByRule = linksRefused ? 0 : offered.length - open.length + (ruled?.linksIgnored ?? 0)
  const imagesIgnored = ruled?.imagesIgnored ?? 0
  const imagesSeen = found.imagesSeen + imagesIgnored
  const page = {
    title: found.title,
    language,
    imagesSeen,
    refusal: verdict.images,
    ...(linksRefused || options.links === false ? { links: [] } : yield* linksOf(open, base, url)),
    linksClosed: found.links.length + found.nofollowLinks.length - (linksRefused ? 0 : offered.length),
    ...(linksByRule > 0 ? { linksByRule } : {}),
  }
  if (verdict.images !== null) {
    const imagesSkipped = imagesSeen > 0 ? { opt_out: imagesSeen } : {}
    const reading = { found, ruled, base, verdict, findings: [], pictures: () => [] }
    return { page: { candidates: [], imagesSkipped, ...page }, reading }
  }

  const context: SourceContext = { base, pageUrl: url, imageSize: options.imageSize }
  const findings = yield* findingsOf(found, context, placeOfImage, ruled)
  const join = yield* joinFindings(findings, ruled?.onlyShown === true)
  join.leaveOut('page_full', found.imagesSeen - found.images.length)
  join.leaveOut('rule', imagesIgnored)
  const { named, licence } = yield* declareImages(found, context, join)
  const { candidates, skipped } = yield* join.candidates({
    pageUrl: url,
    pageLanguage: language,
    licenceUrl: absolute(found.licence, base) ?? absolute(licence, base),
  })
  return {
    page: {
      candidates,
      imagesSkipped: skipped,
      ...(named > 0 ? { imagesNamed: named } : {}),
      ...page,
    },
    reading: { found, ruled, base, verdict, findings, pictures: join.pictures },
  }
}

// Metas speak of the whole page, and stand before everything; of two at one place, the one that was found first is first.
const placeOfMetas = -1
const placeOfImage = (index: number) => 2 * index + 1
const placeOfScript = ({ imagesBefore }: FoundScript) => 2 * imagesBefore

function renderSignsOf({ shape, images }: DomScan, findings: readonly Finding[]): RenderSign[] {
  const usableImages = findings.filter(({ urls }) => urls.kind === 'urls').length
  // Nobody would fill in the rest.
  if (shape.scripts === 0) return signsOf({ ...shape, usableImages, emptyImages: 0, lazyImages: 0 })
  const isDescribed = findings.map(({ captions }) => captions.length > 0)
  return signsOf({
    ...shape,
    usableImages,
    emptyImages: findings.filter(({ urls }, i) => isDescribed[i] && isEmpty(urls)).length,
    lazyImages: images.filter((image, i) => isDescribed[i] && isUnresolvedLazy(image)).length,
  })
}

const isEmpty = (urls: ImageUrls): boolean =>
  urls.kind === 'skip' && (urls.reason === 'no_source' || urls.reason === 'data_url')

/** Once the page is full, links are only counted, each spelling once. */
function* linksOf(
  raws: readonly string[],
  base: string,
  pageUrl: string,
): Steps<Pick<ExtractedPage, 'links' | 'linksBeyond'>> {
  const links = new Set<string>()
  const seen = new Set<string>()
  const room = linkRoom()
  let beyond = 0
  for (const [i, raw] of raws.entries()) {
    if (i % linksPerStep === 0) yield
    if (seen.has(raw) || raw.startsWith('#')) continue
    seen.add(raw)
    if (beyond > 0) {
      beyond++
      continue
    }
    const link = canonicalUrl(raw, base)
    if (link === null || link === pageUrl || links.has(link)) continue
    if (room.take(link.length)) links.add(link)
    else beyond++
  }
  return { links: [...links], ...(beyond > 0 ? { linksBeyond: beyond } : {}) }
}

/** Images named by structured data that are looked at, of one page; the others are only counted. */
const maxDeclared = 20_000

interface Declared {
  /** Images that metadata names, those included that are only counted. */
  readonly named: number
  /** That it names for the page, as written; null = none. */
  readonly licence: string | null
}

/** Hands on what metadata says of images. */
function* declareImages(found: DomScan, context: SourceContext, join: Join): Steps<Declared> {
  // The name of one thing may be the text of thousands of images.
  const tidied = new Map<string, string | null>()
  const tidy = (raw: string): string | null => {
    const known = tidied.get(raw)
    if (known !== undefined) return known
    const text = tidyText(raw)
    tidied.set(raw, text)
    return text
  }
  const declare = (image: DeclaredImage, source: CaptionSource, place: number) => {
    const captions = image.texts
      .map(tidy)
      .filter((text) => text !== null)
      .map((text) => ({ source, text }))
    join.declare({
      urls: declaredUrl(image.url, context),
      alt: null,
      captions,
      heading: null,
      context: null,
      licenceUrl: absolute(image.licence, context.base),
      credit: null,
      language: null,
      place,
    })
  }
  const previews = readOpenGraph(found.metas, { url: context.pageUrl, title: found.title })
  for (const image of previews) declare(image, 'og', placeOfMetas)
  let licence: string | null = null
  let declared = 0
  for (const script of found.jsonLd) {
    yield
    const images = readJsonLd(script.text)
    let step = images.next()
    for (; step.done !== true; step = images.next()) {
      if (step.value === null || declared % imagesPerStep === 0) yield
      if (step.value !== null && declared++ < maxDeclared)
        declare(step.value, 'json-ld', placeOfScript(script))
    }
    licence ??= step.value
  }
  join.leaveOut('page_full', declared - maxDeclared)
  return { named: previews.length + declared, licence }
}

function absolute(raw: string | null, base: string): string | null {
  return raw === null ? null : canonicalUrl(raw, base)
}
