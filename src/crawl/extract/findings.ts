import type { Caption, CaptionSource } from '../../records/index.js'
import type { RuledPage, RuledTexts } from '../rules/page-rule.js'
import type { Steps } from '../steps.js'
import { canonicalUrl } from '../url.js'
import type { Finding } from './candidates.js'
import type { Node } from './document.js'
import type { DomScan, Figure, FoundImage } from './harvest.js'
import { type ImageLabels, type LabelledPicture, labelImages } from './labels.js'
import { languageTag } from './language-tag.js'
import { type LazySources, lazySourcesOf, noLazySources } from './lazy.js'
import { type ImageUrls, imageUrlsOf, pixels, type SourceContext } from './source.js'
import { textOf, tidyText } from './text.js'

/** Below this many declared pixels an image is an icon or a spacer, which no heading or caption beside it speaks of. */
const tinySide = 64
/** A label is a phrase; whole sections that are named as labels are cut. */
const maxLabelNodes = 200
const imagesPerStep = 16

interface ResolvedFigure {
  readonly caption: string | null
  readonly licenceUrl: string | null
}

/** A figure without a caption or licence of its own has those of the figure around it. */
function resolveFigures(figures: readonly Figure[], base: string): ReadonlyMap<Figure, ResolvedFigure> {
  const resolved = new Map<Figure, ResolvedFigure>()
  for (const figure of figures) {
    const outer = figure.parent === null ? undefined : resolved.get(figure.parent)
    resolved.set(figure, {
      caption: figure.caption ?? outer?.caption ?? null,
      licenceUrl: absolute(figure.licence, base) ?? outer?.licenceUrl ?? null,
    })
  }
  return resolved
}

type Named = (id: string) => string | null

/** What a page shows, image element by image element. `ruled`: what its site's rule says of it; null = there is none. */
export function* findingsOf(
  found: DomScan,
  context: SourceContext,
  placeOf: (index: number) => number,
  ruled: RuledPage | null,
): Steps<readonly Finding[]> {
  const lazies = found.images.map(({ attributes }) => lazySourcesOf(attributes))
  const withShared = { ...context, sharedSrcs: sharedIn(found.images, lazies) }
  const urls: ImageUrls[] = []
  for (const [i, image] of found.images.entries()) {
    if (i % imagesPerStep === 0) yield
    urls.push(leftOut(image, ruled) ?? imageUrlsOf(image, lazies[i] ?? noLazySources, withShared))
  }
  const labels =
    found.labels.length === 0
      ? null
      : yield* labelImages(found.labels, found.images.length, (i) =>
          labelledPicture(found.images[i], urls[i]),
        )
  const named = namesOf(found.byId)
  const figures = resolveFigures(found.figures, context.base)
  const findings: Finding[] = []
  for (const [i, image] of found.images.entries()) {
    if (i % imagesPerStep === 0) yield
    const own = urls[i]
    if (own === undefined) continue
    const figure = image.figure === null ? undefined : figures.get(image.figure)
    const texts = ruled === null || image.element === null ? null : ruled.saidOf(image.element)
    const said = saidOf(image, figure?.caption ?? null, labels?.get(i) ?? nothingSaid, named, texts)
    const isSilent = said.captions.length === 0 && said.heading === null
    findings.push({
      urls: own,
      ...said,
      licenceUrl: absolute(texts?.licence ?? null, context.base) ?? figure?.licenceUrl ?? null,
      credit: texts?.credit ?? null,
      language: languageTag(texts?.language ?? (isSilent ? null : languageAround(image.element))),
      place: placeOf(i),
    })
  }
  return findings
}

function leftOut({ element }: FoundImage, ruled: RuledPage | null): ImageUrls | null {
  if (ruled === null || element === null || ruled.takes(element)) return null
  return { kind: 'skip', reason: ruled.isCostly ? 'rule_costly' : 'rule' }
}

const nothingSaid: ImageLabels = { captions: [], heading: null, context: null }

/** Values of `src` that several images have which name another picture too. */
function sharedIn(images: readonly FoundImage[], lazies: readonly LazySources[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const shared = new Set<string>()
  for (const [i, { attributes }] of images.entries()) {
    const { src } = attributes
    if (src === undefined || lazies[i] === noLazySources) continue
    if (seen.has(src)) shared.add(src)
    else seen.add(src)
  }
  return shared
}

/** null = none that has a caption. */
function labelledPicture(image: FoundImage | undefined, urls: ImageUrls | undefined): LabelledPicture | null {
  if (image === undefined || urls?.kind !== 'urls' || isTiny(image)) return null
  return {
    key: urls.sources[0].key,
    mayBeHeaded: !isDecoration(image),
    textBefore: image.textBefore,
  }
}

/** Elements around an image that are asked for their language. */
const maxAround = 64

/** `lang` of an element, or of what is around it within the page; null = none but the page's. */
function languageAround(element: FoundImage['element']): string | null {
  let node: Node | null = element
  for (let i = 0; i < maxAround && node !== null && node.type === 'tag' && node.name !== 'html'; i++) {
    const { lang } = node.attribs
    if (lang !== undefined && lang !== '') return lang
    node = node.parent as Node | null
  }
  return null
}

/** Every text that stands beside an image, by where it stands. */
function saidOf(
  { attributes, link }: FoundImage,
  figcaption: string | null,
  labels: ImageLabels,
  named: Named,
  ruled: RuledTexts | null,
): Pick<Finding, 'alt' | 'captions' | 'heading' | 'context'> {
  const captions: Caption[] = []
  const say = (source: CaptionSource, text: string | null) => {
    if (text !== null && !captions.some((said) => said.source === source && said.text === text))
      captions.push({ source, text })
  }
  if (ruled !== null) for (const caption of ruled.captions) say('rule', caption)
  const alt = tidyText(attributes.alt)
  say('alt', alt)
  say('figcaption', figcaption)
  for (const caption of labels.captions) say('figcaption', caption)
  say('title', tidyText(attributes.title) ?? tidyText(link?.title))
  say('aria-label', tidyText(attributes['aria-label']) ?? labelledBy(attributes['aria-labelledby'], named))
  return { alt, captions, heading: labels.heading, context: labels.context }
}

/** `alt=""` says that an image is decoration. */
function isDecoration({ attributes: { alt, role } }: FoundImage): boolean {
  return (alt !== undefined && alt.trim() === '') || role === 'presentation' || role === 'none'
}

function isTiny({ attributes: { width, height } }: FoundImage): boolean {
  return (pixels(width) ?? tinySide) < tinySide || (pixels(height) ?? tinySide) < tinySide
}

function labelledBy(ids: string | undefined, named: Named): string | null {
  if (ids === undefined) return null
  const texts = ids.trim().split(/\s+/, 4).map(named)
  return tidyText(texts.filter((text) => text !== null).join(' '))
}

/** Each text is read once, however many images it labels, and only its beginning. */
function namesOf(byId: ReadonlyMap<string, Node>): Named {
  const texts = new Map<string, string | null>()
  return (id) => {
    const known = texts.get(id)
    if (known !== undefined) return known
    const element = byId.get(id)
    const text = element === undefined ? null : tidyText(textOf(element, maxLabelNodes))
    texts.set(id, text)
    return text
  }
}

function absolute(raw: string | null, base: string): string | null {
  return raw === null ? null : canonicalUrl(raw, base)
}
