import type { ImageSkipReason } from '../../records/index.js'
import { canonicalUrl, schemeOf } from '../url.js'
import type { Attributes } from './document.js'
import type { FoundImage } from './harvest.js'
import { bestEntry, neighbours, parseSrcset, type SrcsetEntry } from './srcset.js'

export type ImageUrls =
  | { readonly kind: 'urls'; readonly imageUrl: string; readonly fallbackUrls: readonly string[] }
  | { readonly kind: 'skip'; readonly reason: ImageSkipReason }

export interface SourceContext {
  /** Base of relative URLs. */
  readonly base: string
  readonly pageUrl: string
  /** Long side of the stored image, pixels. */
  readonly imageSize: number
}

/** More dead URLs than these say that the image is gone. */
const maxFallbacks = 4

/** Where scripts find the real image, in the order in which they are believed. */
const lazySources = [
  'data-src',
  'data-original',
  'data-lazy-src',
  'data-lazy',
  'data-original-src',
  'data-orig-file',
  'data-actualsrc',
  'data-echo',
  'data-full-src',
  'data-hi-res-src',
  'data-img-src',
  'data-image-src',
  'data-src-retina',
  'data-url',
  'lazy-src',
  'lazysrc',
] as const

const lazySrcsets = [
  'data-srcset',
  'data-lazy-srcset',
  'data-original-set',
  'data-lazy-set',
  'lazy-srcset',
] as const

const placeholderName =
  /(?:^|[/_.-])(?:blank|spacer|placeholder|transparent|pixel|clear|empty|loading|loader|lazy(?:load)?|grey|gray|1x1|dot)(?:[_.-][^/]*)?\.(?:gif|png|jpe?g|webp)(?:[?#]|$)/i

/** Every URL under which an `<img>` may be had, the one to fetch first, or why there is none. */
export function imageUrlsOf(image: FoundImage, context: SourceContext): ImageUrls {
  const { attributes } = image
  const srcset = srcsetOf(attributes)
  if (srcset === undefined && image.sources.length === 0) return resolveOne(srcOf(attributes), context)
  const tagWidth = pixels(attributes.width)
  const own = usableEntries(srcset)
  const sets = [own, ...image.sources.filter(isRaster).map((source) => usableEntries(srcsetOf(source)))]
  const chosen: string[] = []
  const alternatives: string[] = []
  for (const entries of sets) {
    const best = bestEntry(entries, context.imageSize, tagWidth)
    if (best === null) continue
    if (chosen.length === 0) {
      chosen.push(best.url)
      for (const entry of neighbours(entries, best, context.imageSize, tagWidth)) alternatives.push(entry.url)
    } else {
      alternatives.push(best.url)
    }
  }
  return resolve([...chosen, ...alternatives], srcOf(attributes), context)
}

/** Whether an `<img>` shows a placeholder, and nothing in it names the image that a script would put there. */
export function isUnresolvedLazy(image: FoundImage): boolean {
  const { attributes, sources } = image
  const src = attributes.src
  if (src === undefined || !placeholderName.test(src.slice(0, 2000))) return false
  return srcOf(attributes) === src && srcsetOf(attributes) === undefined && sources.length === 0
}

/** Resolves one URL that is declared to be an image. */
export function declaredUrl(raw: string, context: SourceContext): ImageUrls {
  return resolveOne(raw, context)
}

/** Pixels that a width or height attribute declares; null = none or not a number of pixels. */
export function pixels(attribute: string | undefined): number | null {
  const digits =
    attribute === undefined ? undefined : /^\s*(\d{1,6})(?:\.\d+)?\s*(?:px)?\s*$/i.exec(attribute)?.[1]
  return digits === undefined ? null : Number(digits)
}

/** `src` comes last, except that it is the reason where nothing can be used. */
function resolve(preferred: readonly string[], src: string | undefined, context: SourceContext): ImageUrls {
  const urls = new Set<string>()
  for (const raw of preferred) {
    if (urls.size >= maxFallbacks) break
    const url = resolveOne(raw, context)
    if (url.kind === 'urls') urls.add(url.imageUrl)
  }
  const last = resolveOne(src, context)
  if (last.kind === 'urls') urls.add(last.imageUrl)
  const [imageUrl, ...fallbackUrls] = urls
  if (imageUrl !== undefined) return { kind: 'urls', imageUrl, fallbackUrls }
  return last.kind === 'skip' ? last : { kind: 'skip', reason: 'no_source' }
}

function resolveOne(raw: string | undefined, context: SourceContext): ImageUrls {
  if (raw === undefined || raw.trim() === '') return { kind: 'skip', reason: 'no_source' }
  const scheme = schemeOf(raw)
  if (scheme === 'data') return { kind: 'skip', reason: 'data_url' }
  if (scheme !== null && scheme !== 'http' && scheme !== 'https') return { kind: 'skip', reason: 'scheme' }
  const url = canonicalUrl(raw, context.base)
  if (url === null) return { kind: 'skip', reason: 'bad_url' }
  if (url === context.pageUrl) return { kind: 'skip', reason: 'no_source' }
  if (/\.svgz?(?:[?]|$)/i.test(url)) return { kind: 'skip', reason: 'svg' }
  return { kind: 'urls', imageUrl: url, fallbackUrls: [] }
}

/** The tag's own `src`, or what a script would put in its place. */
function srcOf(attributes: Attributes): string | undefined {
  const src = attributes.src
  if (!isPlaceholder(src, attributes)) return src
  for (const name of lazySources) {
    const value = attributes[name]
    if (value !== undefined && looksLikeUrl(value)) return value
  }
  return src
}

function srcsetOf(attributes: Attributes): string | undefined {
  const srcset = attributes.srcset
  if (srcset !== undefined && srcset.trim() !== '' && !/^\s*data:/i.test(srcset)) return srcset
  for (const name of lazySrcsets) {
    const value = attributes[name]
    if (value !== undefined && value.trim() !== '') return value
  }
  return undefined
}

function usableEntries(srcset: string | undefined): SrcsetEntry[] {
  return srcset === undefined ? [] : parseSrcset(srcset).filter((entry) => !/^data:/i.test(entry.url))
}

function isPlaceholder(src: string | undefined, attributes: Attributes): boolean {
  if (src === undefined || src.trim() === '' || src.trim() === '#') return true
  if (/^\s*(?:data|about|javascript|blob):/i.test(src)) return true
  if (pixels(attributes.width) === 1 || pixels(attributes.height) === 1) return true
  return src.length < 2000 && placeholderName.test(src)
}

/** Some scripts keep JSON or a bare name in these attributes. */
function looksLikeUrl(value: string): boolean {
  return value.trim() !== '' && !/^\s*(?:[[{]|data:)/i.test(value)
}

/** A `<source>` whose type no decoder here reads is passed over; without a type it may be anything. */
function isRaster(source: Attributes): boolean {
  const type = source.type
  return type === undefined || /^\s*image\/(?:jpe?g|pjpeg|png|x-png|gif|webp|avif|bmp|tiff)\b/i.test(type)
}
