import type { ImageSkipReason } from '../../records/index.js'
import { canonicalUrl, schemeOf } from '../url.js'
import type { Attributes } from './document.js'
import type { FoundImage } from './harvest.js'
import { type LazySources, lazySourcesOf, noLazySources } from './lazy.js'
import { isPictureUrl, pictureKey } from './picture-url.js'
import { bestEntry, neighbours, parseSrcset, type SrcsetEntry } from './srcset.js'

/** Where a source of an image stood. */
type SourcePlace = 'src' | 'srcset' | 'lazy' | 'link' | 'metadata'

export interface ImageSource {
  /** Canonical. */
  readonly url: string
  /** Equal for other sizes of the picture; see `pictureKey`. */
  readonly key: string
  readonly place: SourcePlace
}

/** Every URL under which an image may be had, in the order of trying, or why there is none. */
export type ImageUrls =
  | { readonly kind: 'urls'; readonly sources: readonly [ImageSource, ...ImageSource[]] }
  | { readonly kind: 'skip'; readonly reason: ImageSkipReason }

export interface SourceContext {
  /** Base of relative URLs. */
  readonly base: string
  readonly pageUrl: string
  /** Long side of the stored image, pixels. */
  readonly imageSize: number
  /** Values of `src` that several images have; absent = none. */
  readonly sharedSrcs?: ReadonlySet<string>
}

/** More dead URLs than these say that the image is gone. */
const maxPreferred = 4
const maxSources = 6
/** A declared side below this is that of an icon, beside the picture that its link leads to. */
const iconSide = 32

const placeholderName =
  /(?:^|[/_.-])(?:blank|spacer|placeholder|transparent|pixel|clear|empty|loading|loader|lazy(?:load)?|grey|gray|1x1|dot)(?:[_.-][^/]*)?\.(?:gif|png|jpe?g|webp)(?:[?#]|$)/i

interface RawSource {
  readonly raw: string | undefined
  readonly place: SourcePlace
}

/** Sources of an image element, the one to fetch first, or why there is none. */
export function imageUrlsOf(image: FoundImage, lazy: LazySources, context: SourceContext): ImageUrls {
  const { attributes, sources } = image
  if (
    lazy === noLazySources &&
    attributes.srcset === undefined &&
    sources.length === 0 &&
    image.link === null
  )
    return onlyUrl({ raw: attributes.src, place: 'src' }, context)
  const tagWidth = pixels(attributes.width)
  const srcset = srcsetOf(attributes, lazy)
  const sets = [srcset, ...sources.filter(isRaster).map((source) => srcsetOf(source, lazySourcesOf(source)))]
  const preferred: RawSource[] = []
  const alternatives: RawSource[] = []
  let width: number | null = null
  for (const entries of sets) {
    const best = bestEntry(entries, context.imageSize, tagWidth)
    if (best === null) continue
    if (preferred.length > 0) {
      alternatives.push({ raw: best.url, place: 'srcset' })
      continue
    }
    width = best.width
    preferred.push({ raw: best.url, place: 'srcset' })
    for (const entry of neighbours(entries, best, context.imageSize, tagWidth))
      alternatives.push({ raw: entry.url, place: 'srcset' })
  }
  const linked = linkedPicture(image, tagWidth, context)
  const isLarge = (width ?? tagWidth ?? 0) >= context.imageSize
  if (linked !== null && !isLarge) preferred.unshift(linked)
  const last = [...srcsOf(attributes, lazy, context), ...(linked !== null && isLarge ? [linked] : [])]
  return resolve([...preferred, ...alternatives], last, context)
}

/** The larger picture behind a thumbnail; null = its link leads elsewhere. */
function linkedPicture(
  { link, attributes }: FoundImage,
  tagWidth: number | null,
  { base }: SourceContext,
): RawSource | null {
  if (link === null || (tagWidth ?? iconSide) < iconSide) return null
  if ((pixels(attributes.height) ?? iconSide) < iconSide || !mayBePicture.test(link.href)) return null
  const url = canonicalUrl(link.href, base)
  return url !== null && isPictureUrl(url) ? { raw: link.href, place: 'link' } : null
}

/** Cheap, and true of every link to a picture. */
const mayBePicture = /\.(?:jp|pn|gi|we|av|bm|jf)/i

/** Whether an `<img>` shows a placeholder, and nothing in it names the image that a script would put there. */
export function isUnresolvedLazy(image: FoundImage): boolean {
  const { attributes, sources } = image
  const { src, srcset } = attributes
  if (src === undefined || !placeholderName.test(src.slice(0, 2000)) || sources.length > 0) return false
  const lazy = lazySourcesOf(attributes)
  const isEmpty = srcset === undefined || srcset.trim() === '' || /^\s*data:/i.test(srcset)
  return (
    isEmpty &&
    lazy.srcset === undefined &&
    lazy.sources.length + lazy.others.length + lazy.beside.length === 0
  )
}

/** Resolves one URL that is declared to be an image. */
export function declaredUrl(raw: string, context: SourceContext): ImageUrls {
  return onlyUrl({ raw, place: 'metadata' }, context)
}

function onlyUrl({ raw, place }: RawSource, context: SourceContext): ImageUrls {
  const url = resolveOne(raw, context)
  return typeof url === 'string'
    ? { kind: 'urls', sources: [{ url, key: pictureKey(url), place }] }
    : { kind: 'skip', ...url }
}

/** Pixels that a width or height attribute declares; null = none or not a number of pixels. */
export function pixels(attribute: string | undefined): number | null {
  const digits =
    attribute === undefined ? undefined : /^\s*(\d{1,6})(?:\.\d+)?\s*(?:px)?\s*$/i.exec(attribute)?.[1]
  return digits === undefined ? null : Number(digits)
}

/** `last` come last; the first of them is the reason where nothing can be used. */
function resolve(
  preferred: readonly RawSource[],
  last: readonly RawSource[],
  context: SourceContext,
): ImageUrls {
  const sources: ImageSource[] = []
  const take = ({ raw, place }: RawSource): ImageSkipReason | null => {
    const resolved = resolveOne(raw, context)
    if (typeof resolved !== 'string') return resolved.reason
    if (!sources.some(({ url }) => url === resolved))
      sources.push({ url: resolved, key: pictureKey(resolved), place })
    return null
  }
  for (const source of preferred) {
    if (sources.length >= maxPreferred) break
    take(source)
  }
  let reason: ImageSkipReason | null = null
  for (const source of last) {
    if (sources.length >= maxSources) break
    const refused = take(source)
    reason ??= refused
  }
  const [first, ...others] = sources
  if (first !== undefined) return { kind: 'urls', sources: [first, ...others] }
  return { kind: 'skip', reason: reason ?? 'no_source' }
}

function resolveOne(raw: string | undefined, context: SourceContext): string | { reason: ImageSkipReason } {
  if (raw === undefined || raw.trim() === '') return { reason: 'no_source' }
  const scheme = schemeOf(raw)
  if (scheme === 'data') return { reason: 'data_url' }
  if (scheme !== null && scheme !== 'http' && scheme !== 'https') return { reason: 'scheme' }
  const url = canonicalUrl(encodedOnce(raw), context.base)
  if (url === null) return { reason: 'bad_url' }
  if (url === context.pageUrl) return { reason: 'no_source' }
  if (/\.svgz?(?:[?]|$)/i.test(url)) return { reason: 'svg' }
  return url
}

/** An ampersand that was encoded once more cannot be meant: it would end in the name of a parameter. */
function encodedOnce(raw: string): string {
  return raw.includes('&') ? raw.replace(/&(?:amp|#0*38|#x0*26);/gi, '&') : raw
}

/** The tag's own `src` and what a script would put in its place, in the order of trying. */
function srcsOf(attributes: Attributes, lazy: LazySources, { sharedSrcs }: SourceContext): RawSource[] {
  const own: RawSource = { raw: attributes.src, place: 'src' }
  const placed = (raws: readonly string[]) => raws.map((raw): RawSource => ({ raw, place: 'lazy' }))
  const lazies = placed([...lazy.sources, ...lazy.others])
  if (isPlaceholder(attributes)) {
    const all = [...lazies, ...placed(lazy.beside)]
    return all.length > 0 ? all : [own]
  }
  if (lazies.length === 0) return [own]
  const { src = '', class: names = '' } = attributes
  // What several images show is none of theirs.
  const isLazy =
    /lazy|lozad|unveil/i.test(names) || /\.gif(?:[?#]|$)/i.test(src) || sharedSrcs?.has(src) === true
  return isLazy ? [...lazies, own] : [own, ...lazies]
}

/** Entries of the srcset, or of the one that a script would put in its place. */
function srcsetOf({ srcset }: Attributes, lazy: LazySources): SrcsetEntry[] {
  const own = srcset === undefined || srcset.trim() === '' ? [] : usableEntries(srcset)
  return own.length > 0 || lazy.srcset === undefined ? own : usableEntries(lazy.srcset)
}

/** Placeholders are left out where they are all that there is. */
function usableEntries(srcset: string): SrcsetEntry[] {
  const entries = parseSrcset(srcset).filter((entry) => !/^data:/i.test(entry.url))
  return entries.every(({ url }) => isPlaceholderUrl(url)) ? [] : entries
}

const isPlaceholderUrl = (url: string): boolean =>
  url.length < 2000 && (placeholderName.test(url) || /\.svgz?(?:[?#]|$)/i.test(url))

function isPlaceholder({ src, width, height }: Attributes): boolean {
  if (src === undefined || src.trim() === '' || src.trim() === '#') return true
  if (/^\s*(?:data|about|javascript|blob):/i.test(src)) return true
  return pixels(width) === 1 || pixels(height) === 1 || isPlaceholderUrl(src)
}

/** A `<source>` whose type no decoder here reads is passed over; without a type it may be anything. */
function isRaster(source: Attributes): boolean {
  const type = source.type
  return type === undefined || /^\s*image\/(?:jpe?g|pjpeg|png|x-png|gif|webp|avif|bmp|tiff)\b/i.test(type)
}
