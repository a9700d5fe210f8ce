import {
  type Candidate,
  type Caption,
  type CaptionSource,
  captionSources,
  type ImageSkipReason,
} from '../../records/index.js'
import type { ImageUrls } from './source.js'

/** An image with all that is known of it, before equal ones are joined. */
export interface Finding {
  readonly urls: ImageUrls
  /** Distinguishes images of one URL: its alt; null = it has none, so its captions do. */
  readonly alt: string | null
  /** At most a few; tidied. */
  readonly captions: readonly Caption[]
  /** Used only where nothing else was said anywhere on the page; null = there is none, or it would be wrong. */
  readonly heading: string | null
  /** An `<img>`, or only named by metadata. */
  readonly isElement: boolean
  readonly licenceUrl: string | null
}

export interface PageContext {
  readonly pageUrl: string
  readonly pageLanguage: string | null
  readonly licenceUrl: string | null
}

export interface JoinedFindings {
  readonly candidates: readonly Candidate[]
  readonly skipped: Partial<Record<ImageSkipReason, number>>
}

const maxCaptions = 16

type UsableUrls = Extract<ImageUrls, { kind: 'urls' }>

interface Draft {
  readonly imageUrl: string
  readonly fallbackUrls: readonly string[]
  /** How many findings were joined. */
  findings: number
  captions: Caption[]
  heading: string | null
  licenceUrl: string | null
}

/**
 * Joins what was found into candidates: the same image with the same alt is one, with another alt another. What
 * metadata says of an image goes to the elements that show it, and makes a candidate of its own where none does.
 */
export function joinFindings(findings: readonly Finding[], page: PageContext): JoinedFindings {
  const skipped: Partial<Record<ImageSkipReason, number>> = {}
  const count = (reason: ImageSkipReason, times = 1) => {
    skipped[reason] = (skipped[reason] ?? 0) + times
  }
  const drafts: Draft[] = []
  /** Drafts by their first URL and alt, and by any of their URLs and alt. */
  const byFirst = new Map<string, Draft>()
  const byAny = new Map<string, Draft>()
  /** Drafts by any of their URLs, whatever the alt. */
  const shown = new Map<string, Draft[]>()
  const add = (finding: Finding, urls: UsableUrls) => {
    const draft = draftOf(finding, urls)
    drafts.push(draft)
    byFirst.set(joinKey(urls.imageUrl, finding), draft)
    for (const url of [urls.imageUrl, ...urls.fallbackUrls]) {
      const key = joinKey(url, finding)
      if (!byAny.has(key)) byAny.set(key, draft)
      const known = shown.get(url)
      if (known === undefined) shown.set(url, [draft])
      else known.push(draft)
    }
  }
  for (const finding of findings) {
    const { urls } = finding
    if (urls.kind === 'skip') {
      count(urls.reason)
    } else if (finding.isElement) {
      // A lazy image and its noscript twin have the same alt, and one's first URL is among the other's. Only a first URL
      // joins: different images may share a fallback that is a placeholder.
      const twin =
        byAny.get(joinKey(urls.imageUrl, finding)) ??
        urls.fallbackUrls
          .map((url) => byFirst.get(joinKey(url, finding)))
          .find((draft) => draft !== undefined)
      if (twin === undefined) add(finding, urls)
      else addTo(twin, finding)
    }
  }
  for (const finding of findings) {
    const { urls } = finding
    if (finding.isElement || urls.kind === 'skip') continue
    const places = shown.get(urls.imageUrl)
    if (places === undefined) add(finding, urls)
    // Enough to reach every alt of a real page; a hostile one has image and metadata thousands of times.
    else for (const draft of places.slice(0, 100)) addTo(draft, finding)
  }
  return { candidates: candidatesOf(drafts, page, count), skipped }
}

function candidatesOf(
  drafts: readonly Draft[],
  page: PageContext,
  count: (reason: ImageSkipReason, times: number) => void,
): Candidate[] {
  const captioned = new Set(
    drafts.filter((draft) => draft.captions.length > 0).map((draft) => draft.imageUrl),
  )
  const candidates: Candidate[] = []
  const seen = new Set<string>()
  for (const draft of drafts) {
    const heading = captioned.has(draft.imageUrl) ? null : draft.heading
    const captions = heading === null ? draft.captions : [{ source: 'heading' as const, text: heading }]
    if (captions.length === 0) {
      if (!captioned.has(draft.imageUrl)) count('no_caption', draft.findings)
      continue
    }
    const ordered =
      captions.length === 1 ? captions : captions.toSorted((a, b) => rank(a.source) - rank(b.source))
    // No text has a line end.
    const identity = `${draft.imageUrl}\n${ordered.map(({ source, text }) => `${source}:${text}`).join('\n')}`
    if (seen.has(identity)) continue
    seen.add(identity)
    candidates.push({
      imageUrl: draft.imageUrl,
      fallbackUrls: draft.fallbackUrls,
      captions: ordered,
      pageUrl: page.pageUrl,
      pageLanguage: page.pageLanguage,
      licenceUrl: draft.licenceUrl ?? page.licenceUrl,
    })
  }
  return candidates
}

/** An image without alt is told apart by what else is said of it; two that say nothing are the same. */
function joinKey(url: string, finding: Finding): string {
  const said =
    finding.alt === null
      ? `-${finding.captions.map((c) => `${c.source}:${c.text}`).join('\n')}`
      : `+${finding.alt}`
  return `${url}\n${said}`
}

function draftOf(finding: Finding, urls: UsableUrls): Draft {
  const draft: Draft = {
    imageUrl: urls.imageUrl,
    fallbackUrls: urls.fallbackUrls,
    findings: 0,
    captions: [],
    heading: null,
    licenceUrl: null,
  }
  addTo(draft, finding)
  return draft
}

function addTo(draft: Draft, finding: Finding): void {
  for (const caption of finding.captions) {
    if (draft.captions.length >= maxCaptions) break
    if (draft.captions.some((known) => known.source === caption.source && known.text === caption.text))
      continue
    draft.captions.push(caption)
  }
  draft.findings++
  draft.heading ??= finding.heading
  draft.licenceUrl ??= finding.licenceUrl
}

function rank(source: CaptionSource): number {
  return captionSources.indexOf(source)
}
