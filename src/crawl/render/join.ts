import {
  type Candidate,
  candidateKey,
  hostOf,
  type ImageSkipReason,
  imageSkipReasons,
} from '../../records/index.js'
import { type ExtractOptions, pageSteps, type ReadPage } from '../extract/index.js'
import type { Page } from '../page.js'
import { candidateRoom, candidateSize, linkRoom } from '../page-room.js'
import { headRefusal } from '../permission/index.js'
import type { RuleOf } from '../rules/index.js'
import type { Steps } from '../steps.js'
import { pageDigest } from '../trap.js'
import { canonicalUrl } from '../url.js'
import type { RenderedDocument, RenderOutcome } from './render-page.js'

interface JoinedPage {
  readonly page: Page
  /** Pairs that the static page did not have. */
  readonly candidates: number
  /** The render gave something: pairs, a way on where there was none, or where the page really is. */
  readonly hasPaid: boolean
}

type Rendered = Extract<RenderOutcome, { kind: 'rendered' }>
type JoinOptions = Pick<ExtractOptions, 'imageSize' | 'productToken'> &
  Required<Pick<ExtractOptions, 'obeyed'>> & {
    /** Rules of the rendered documents' sites; absent = there are none. */
    readonly ruleOf?: RuleOf
  }

/**
 * A page with what its render shows beside what it was fetched with: pairs by the same rules, none of them lost, none twice. What the
 * rendered page says of itself is obeyed for all of it; what a frame says, for that frame. `isInScope`: whether a frame's URL is one that
 * the crawl would visit; frames without a URL are the page's own. Pure.
 */
export function* joinRendered(
  page: Page,
  rendered: Rendered,
  headers: Readonly<Record<string, string>>,
  options: JoinOptions,
  isInScope: (url: string) => boolean,
): Steps<JoinedPage> {
  const main = yield* readDocument({ ...rendered.page, headers }, page.url, options)
  const { refusal } = main.page
  const frames = refusal === null ? yield* framesOf(rendered.frames, page.url, options, isInScope) : []
  const seen = new Set(page.candidates.map(candidateKey))
  const shown = [main, ...frames].map((one) => one.page)
  const more: Candidate[] = []
  // All documents of a page share its room, those that were fetched first.
  const room = candidateRoom()
  for (const candidate of page.candidates) room.take(candidateSize(candidate))
  const shownAgain = new Set<string>()
  let repeated = 0
  let full = 0
  for (const candidate of shown.flatMap((one) => one.candidates)) {
    const key = candidateKey(candidate)
    if (shownAgain.has(key)) repeated++
    else if (!seen.has(key)) {
      if (room.take(candidateSize(candidate))) more.push(candidate)
      else full++
    }
    shownAgain.add(key)
  }
  // The browser's images are those of the page; images of the fetched page alone are counted beside them.
  const fetchedAlone = page.candidates.filter((candidate) => !shownAgain.has(candidateKey(candidate))).length
  const found = new Set([page, ...shown].flatMap((one) => one.links))
  found.delete(page.url)
  const linkSpace = linkRoom()
  const links = main.linksRefused ? [] : [...found].filter((link) => linkSpace.take(link.length))
  const beyond =
    sum(shown.map((one) => one.linksBeyond ?? 0)) + (main.linksRefused ? 0 : found.size - links.length)
  // Its shape is that of the HTML, which applications serve for every page.
  const { shape: _, linksBeyond: __, imagesNamed: ___, linksByRule: closed = 0, ...fetched } = page
  const linksByRule = Math.max(closed, sum(shown.map((one) => one.linksByRule ?? 0)))
  const imagesNamed = sum(shown.map((one) => one.imagesNamed ?? 0))
  const joined: Page = {
    ...fetched,
    title: page.title ?? main.page.title,
    language: page.language ?? main.page.language,
    // Pages that an application builds have all the same HTML, and are no copies for it.
    digest: pageDigest(rendered.page.snapshot.html, page.url),
    links,
    ...(beyond > 0 ? { linksBeyond: beyond } : {}),
    ...(linksByRule > 0 ? { linksByRule } : {}),
    candidates: refusal === null ? [...page.candidates, ...more] : [],
    imagesSeen: sum(shown.map((one) => one.imagesSeen)) + (refusal === null ? fetchedAlone : 0),
    ...(imagesNamed > 0 ? { imagesNamed } : {}),
    imagesSkipped: skippedOn(shown, { repeated, page_full: full }),
    refusal,
  }
  const isWayOn = (link: string) => hostOf(link) === hostOf(page.url)
  const findsWay = !page.links.some(isWayOn) && links.some(isWayOn)
  return {
    page: joined,
    candidates: more.length,
    hasPaid: more.length > 0 || findsWay || rendered.movedTo !== null,
  }
}

function* framesOf(
  frames: readonly RenderedDocument[],
  pageUrl: string,
  options: JoinOptions,
  isInScope: (url: string) => boolean,
): Steps<ReadPage[]> {
  const read: ReadPage[] = []
  for (const frame of frames) {
    const url = frame.url === null ? pageUrl : canonicalUrl(frame.url)
    if (url === null || (frame.url !== null && !isInScope(url))) continue
    if (headRefusal(frame.headers, options) === null) read.push(yield* readDocument(frame, url, options))
  }
  return read
}

function readDocument(
  { snapshot, headers }: RenderedDocument,
  url: string,
  { ruleOf, ...options }: JoinOptions,
): Steps<ReadPage> {
  const base = snapshot.base.replaceAll('&', '&amp;').replaceAll('"', '&quot;')
  return pageSteps(`<base href="${base}">${snapshot.html}`, url, {
    ...options,
    contentLanguage: headers['content-language'] ?? null,
    xRobotsTag: headers['x-robots-tag'] ?? null,
    rule: ruleOf?.(url) ?? null,
  })
}

/** `joining`: what the documents have in common, and what there is no room for beside the others. */
function skippedOn(
  shown: readonly Pick<Page, 'imagesSkipped'>[],
  joining: Page['imagesSkipped'],
): Page['imagesSkipped'] {
  const skipped: Partial<Record<ImageSkipReason, number>> = {}
  for (const imagesSkipped of [joining, ...shown.map((one) => one.imagesSkipped)]) {
    for (const reason of imageSkipReasons) {
      const n = imagesSkipped[reason] ?? 0
      if (n > 0) skipped[reason] = (skipped[reason] ?? 0) + n
    }
  }
  return skipped
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
