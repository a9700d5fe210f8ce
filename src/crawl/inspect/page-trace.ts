import type { Candidate, Caption, ImageSkipReason } from '../../records/index.js'
import type { Element } from '../extract/document.js'
import { imageElement } from '../extract/image-element.js'
import type { Reading, ReadPage } from '../extract/index.js'
import type { ImageSource } from '../extract/source.js'
import type { Refusal } from '../permission/index.js'
import type { RenderSign } from '../render/signs.js'
import { isLink, linkOf, walk } from '../rules/walk.js'
import { anchorOf, type ScopeRules, type ScopeVerdict, scopeVerdict } from '../scope.js'
import { atOnce } from '../steps.js'
import { type TrapReason, trapVerdict } from '../trap.js'
import { canonicalUrl } from '../url.js'
import { cssPath } from './css-path.js'

/** Everything that a page has, and what a crawl would take of it. */
export interface PageTrace {
  readonly title: string | null
  readonly language: string | null
  /** What the page declares against taking its images, and against following its links; null = nothing. */
  readonly refusals: { readonly images: Refusal | null; readonly links: Refusal | null }
  /** Why a browser might find more in it. */
  readonly signs: readonly RenderSign[]
  /** The rule of its site was given up, as it costs too much on this page. */
  readonly ruleIsCostly: boolean
  /** In the order of the document; those that metadata alone names are last. */
  readonly pictures: readonly PictureTrace[]
  /** Each spelling once. */
  readonly links: readonly LinkTrace[]
}

/** One picture of a page: every element that shows it with the same words. */
export interface PictureTrace {
  /** CSS paths; empty = metadata alone names it. */
  readonly elements: readonly string[]
  /** URLs in the order of trying, and where each stood; empty = there is none that can be used. */
  readonly sources: readonly ImageSource[]
  /** In the order of trust. */
  readonly captions: readonly Caption[]
  readonly licenceUrl: string | null
  readonly credit: string | null
  readonly language: string | null
  /** Why it is no candidate; null = it is one. */
  readonly skipped: ImageSkipReason | null
  /** null = it is none. */
  readonly candidate: Candidate | null
}

/** `follow`: it is taken; `itself`: it is the page. */
export type LinkVerdict =
  | 'follow'
  | 'itself'
  | 'bad_url'
  | 'nofollow'
  | 'rule'
  | 'page_full'
  | Exclude<ScopeVerdict, 'in'>
  | TrapReason

interface LinkTrace {
  /** As written. */
  readonly href: string
  /** Canonical; null = it is none that can be used. */
  readonly url: string | null
  readonly verdict: LinkVerdict
}

/** What was read in a page that is a seed. Pure. */
export function pageTrace(
  { page, reading, signs }: ReadPage,
  url: string,
  scope: ScopeRules,
  now: number,
): PageTrace {
  const { verdict, ruled } = reading
  return {
    title: page.title,
    language: page.language,
    refusals: verdict,
    signs,
    ruleIsCostly: ruled?.isCostly === true,
    pictures: [...picturesOf(reading), ...ignoredPictures(reading)],
    links: linksOf(reading, url, new Set(page.links), scope, now),
  }
}

function picturesOf({ found, findings, pictures, verdict }: Reading): PictureTrace[] {
  if (verdict.images !== null) {
    const elements = found.images.map(({ element }) => (element === null ? [] : [cssPath(element)]))
    return elements.map((paths) => skippedPicture(paths, 'opt_out'))
  }
  const elementOf = new Map(findings.map((finding, i) => [finding, found.images[i]?.element ?? null]))
  const placed: { place: number; picture: PictureTrace }[] = []
  for (const finding of findings) {
    const { urls, captions, licenceUrl, credit, language, place } = finding
    if (urls.kind !== 'skip') continue
    const element = elementOf.get(finding) ?? null
    const skipped = skippedPicture(element === null ? [] : [cssPath(element)], urls.reason)
    placed.push({ place, picture: { ...skipped, captions, licenceUrl, credit, language } })
  }
  for (const { findings: joined, sources, outcome } of pictures()) {
    const elements = joined.flatMap((finding) => elementOf.get(finding) ?? [])
    const own = {
      captions: joined.flatMap(({ captions }) => captions),
      licenceUrl: joined.find(({ licenceUrl }) => licenceUrl !== null)?.licenceUrl ?? null,
      language: joined.find(({ language }) => language !== null)?.language ?? null,
      credit: joined.find(({ credit }) => credit !== null)?.credit ?? null,
    }
    const taken =
      typeof outcome === 'string'
        ? own
        : {
            ...own,
            captions: outcome.captions,
            licenceUrl: outcome.licenceUrl,
            language: outcome.pageLanguage,
          }
    placed.push({
      place: elements.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...joined.map(({ place }) => place)),
      picture: {
        elements: elements.map(cssPath),
        sources,
        ...taken,
        skipped: typeof outcome === 'string' ? outcome : null,
        candidate: typeof outcome === 'string' ? null : outcome,
      },
    })
  }
  return placed.toSorted((a, b) => a.place - b.place || 0).map(({ picture }) => picture)
}

function skippedPicture(elements: readonly string[], skipped: ImageSkipReason): PictureTrace {
  const nothing = { sources: [], captions: [], licenceUrl: null, credit: null, language: null }
  return { elements, ...nothing, skipped, candidate: null }
}

/** Image elements that the rule of the site ignores with what is around them. */
function ignoredPictures({ ruled, verdict }: Reading): PictureTrace[] {
  return ignoredElements(ruled?.ignored ?? [])
    .filter((element) => imageElement(element, null) !== null)
    .map((element) => skippedPicture([cssPath(element)], verdict.images === null ? 'rule' : 'opt_out'))
}

function ignoredElements(outermost: readonly Element[]): Element[] {
  const elements: Element[] = []
  const take = (element: Element): boolean => elements.push(element) > 0
  for (const element of outermost) {
    take(element)
    atOnce(walk(element, take))
  }
  return elements
}

function linksOf(
  { found, ruled, base, verdict }: Reading,
  pageUrl: string,
  taken: ReadonlySet<string>,
  scope: ScopeRules,
  now: number,
): LinkTrace[] {
  const anchor = anchorOf(pageUrl, scope.scope)
  const closed = new Set(found.nofollowLinks)
  const ignored = ignoredElements(ruled?.ignored ?? []).flatMap((element) =>
    isLink(element) ? (linkOf(element) ?? []) : [],
  )
  const ofPage = (href: string, url: string | null): LinkVerdict => {
    if (url === null) return 'bad_url'
    if (url === pageUrl) return 'itself'
    if (verdict.links !== null) return 'nofollow'
    if (!taken.has(url)) {
      if (closed.has(href)) return 'nofollow'
      if (ruled !== null && !ruled.follows(href)) return 'rule'
      return 'page_full'
    }
    const inScope = scopeVerdict({ url, depth: 1, anchor, redirects: 0 }, scope)
    if (inScope !== 'in') return inScope
    return trapVerdict(url, { url: pageUrl, depth: 0 }, now) ?? 'follow'
  }
  const hrefs = new Set([...found.links, ...found.nofollowLinks])
  return [
    ...[...hrefs].map((href) => {
      const url = canonicalUrl(href, base)
      return { href, url, verdict: ofPage(href, url) }
    }),
    ...ignored
      .filter((href) => !hrefs.has(href))
      .map((href) => ({ href, url: canonicalUrl(href, base), verdict: 'rule' as const })),
  ]
}
