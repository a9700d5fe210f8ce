import {
  type Candidate,
  type Caption,
  type CaptionSource,
  captionSources,
  type ImageSkipReason,
} from '../../records/index.js'
import { candidateRoom, candidateSize, maxCaptions } from '../page-room.js'
import type { Steps } from '../steps.js'
import { markedWidth } from './picture-url.js'
import type { ImageSource, ImageUrls } from './source.js'

/** An image with all that is known of it, before equal ones are joined. */
export interface Finding {
  readonly urls: ImageUrls
  /** Distinguishes images of one URL: its alt; null = it has none, so its captions do. */
  readonly alt: string | null
  /** At most a few; tidied. */
  readonly captions: readonly Caption[]
  /** Used only where nothing else was said anywhere on the page; null = there is none, or it would be wrong. */
  readonly heading: string | null
  /** Heading of the section, over several pictures; null = there is none. */
  readonly context: string | null
  readonly licenceUrl: string | null
  /** Orders what the page names: less stands before. */
  readonly place: number
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

type UsableUrls = Extract<ImageUrls, { kind: 'urls' }>

interface Draft {
  /** Of its picture; equal for other sizes of it. */
  readonly key: string
  /** In the order of trying, at least one. */
  sources: readonly ImageSource[]
  /** How many findings were joined; each is counted with one draft. */
  findings: number
  captions: Caption[]
  heading: string | null
  context: string | null
  licenceUrl: string | null
  /** Of its first finding. */
  place: number
}

export interface Join {
  /** Something that metadata says of an image: it goes to the elements that show it, and makes a candidate of its own where none does. */
  declare(finding: Finding): void
  /** Counts further images of the page that were not looked at. */
  leaveOut(images: number): void
  /** To be asked once, at the end. */
  candidates(page: PageContext): Steps<JoinedFindings>
}

/** Findings, or drafts, that are looked at in one step. */
const perStep = 64

/**
 * Joins what was found into candidates: the same image with the same alt is one, with another alt another. Of those, a page gives the
 * first ones in document order, as many as there is room for.
 */
export function* joinFindings(elements: readonly Finding[]): Steps<Join> {
  const skipped: Partial<Record<ImageSkipReason, number>> = {}
  const count = (reason: ImageSkipReason, times = 1) => {
    if (times > 0) skipped[reason] = (skipped[reason] ?? 0) + times
  }
  const drafts = yield* draftsOf(elements, count)
  let shown: Shown | null = null
  return {
    declare: (finding) => {
      shown ??= shownBy(drafts)
      declare(finding, drafts, shown, count)
    },
    leaveOut: (images) => count('page_full', images),
    *candidates(page) {
      return { candidates: yield* candidatesOf(drafts, page, count), skipped }
    },
  }
}

type Count = (reason: ImageSkipReason, times?: number) => void

function* draftsOf(elements: readonly Finding[], count: Count): Steps<Draft[]> {
  const drafts: Draft[] = []
  /** The first draft of each picture, be it by its first URL or another, with each alt. */
  const known = new Map<string, Draft>()
  for (const [i, finding] of elements.entries()) {
    if (i % perStep === 0) yield
    const { urls } = finding
    if (urls.kind === 'skip') {
      count(urls.reason)
      continue
    }
    const said = saidOf(finding)
    const [key = '', ...others] = urls.sources.map((source) => source.key)
    // A lazy image and its noscript twin have the same alt, and one's first URL is among the other's. Only a first URL
    // joins: different images may share a fallback that is a placeholder.
    const twin =
      known.get(joinKey(key, said)) ??
      others.map((other) => known.get(joinKey(other, said))).find((draft, i) => draft?.key === others[i])
    if (twin === undefined) {
      const draft = draftOf(finding, urls, key)
      drafts.push(draft)
      known.set(joinKey(key, said), draft)
      for (const other of others) if (!known.has(joinKey(other, said))) known.set(joinKey(other, said), draft)
    } else {
      addTo(twin, finding)
      addSizes(twin, urls.sources)
      twin.findings++
    }
  }
  return drafts
}

/** Other sizes of the picture are sources of it too: the first to try, where its own names itself smaller than they are. */
function addSizes(draft: Draft, sources: readonly ImageSource[]): void {
  for (const source of sources) {
    if (draft.sources.length >= maxJoined || draft.sources.some(({ url }) => url === source.url)) continue
    if (source.key !== draft.key) continue
    const own = markedWidth(draft.sources[0]?.url ?? '')
    const isLarger =
      own !== null && own < smallWidth && (markedWidth(source.url) ?? Number.POSITIVE_INFINITY) > own
    draft.sources = isLarger ? [source, ...draft.sources] : [...draft.sources, source]
  }
}

/** Sources of one picture, those of its other sizes too. */
const maxJoined = 8
/** Below this a size is a thumbnail. Pixels. */
const smallWidth = 512

/** Drafts by the key of any of their URLs, whatever the alt. */
type Shown = Map<string, Draft[]>

function shownBy(drafts: readonly Draft[]): Shown {
  const shown: Shown = new Map()
  for (const draft of drafts) show(draft, shown)
  return shown
}

function show(draft: Draft, shown: Shown): void {
  for (const key of new Set(draft.sources.map((source) => source.key))) {
    const places = shown.get(key)
    if (places === undefined) shown.set(key, [draft])
    else places.push(draft)
  }
}

function declare(finding: Finding, drafts: Draft[], shown: Shown, count: Count): void {
  const { urls } = finding
  if (urls.kind === 'skip') {
    count(urls.reason)
    return
  }
  const { key } = urls.sources[0]
  const places = shown.get(key)
  if (places === undefined) {
    const draft = draftOf(finding, urls, key)
    drafts.push(draft)
    show(draft, shown)
  }
  // Enough to reach every alt of a real page; a hostile one has image and metadata thousands of times.
  else {
    for (const draft of places.slice(0, 100)) {
      addTo(draft, finding)
      addSizes(draft, urls.sources)
    }
    if (places[0] !== undefined) places[0].findings++
  }
}

function* candidatesOf(
  drafts: readonly Draft[],
  page: PageContext,
  count: Count,
): Steps<readonly Candidate[]> {
  const captioned = new Map<string, Draft>()
  for (const draft of drafts)
    if (draft.captions.length > 0 && !captioned.has(draft.key)) captioned.set(draft.key, draft)
  for (const draft of drafts) {
    const twin = draft.captions.length > 0 ? undefined : captioned.get(draft.key)
    if (twin !== undefined) addSizes(twin, draft.sources)
  }
  const isDistinct = new Set(drafts.map(({ key }) => key)).size === drafts.length
  const candidates: Candidate[] = []
  const places: number[] = []
  const seen = new Set<string>()
  const numberOf = numbersOfTexts()
  for (const [i, draft] of drafts.entries()) {
    if (i % perStep === 0) yield
    const heading = captioned.has(draft.key) ? null : draft.heading
    const captions = heading === null ? draft.captions : [{ source: 'heading' as const, text: heading }]
    if (captions.length === 0) {
      count(captioned.has(draft.key) ? 'repeated' : 'no_caption', draft.findings)
      continue
    }
    const ordered =
      captions.length === 1 ? captions : captions.toSorted((a, b) => rank(a.source) - rank(b.source))
    if (!isDistinct) {
      const identity = `${draft.key}\n${ordered.map(({ source, text }) => `${source}:${numberOf(text)}`).join(' ')}`
      if (seen.has(identity)) {
        count('repeated', draft.findings)
        continue
      }
      seen.add(identity)
    }
    if (draft.findings > 1) count('repeated', draft.findings - 1)
    const [imageUrl = '', ...fallbackUrls] = draft.sources.map(({ url }) => url)
    candidates.push({
      imageUrl,
      fallbackUrls,
      captions:
        draft.context === null || ordered.some(({ text }) => text === draft.context)
          ? ordered
          : [...ordered, { source: 'context', text: draft.context }],
      pageUrl: page.pageUrl,
      pageLanguage: page.pageLanguage,
      licenceUrl: draft.licenceUrl ?? page.licenceUrl,
    })
    places.push(draft.place)
  }
  const fitting = firstFitting(candidates, places)
  count('page_full', candidates.length - fitting.length)
  return fitting
}

/** Tells texts apart by numbers: one may be long, and said of thousands of images. */
function numbersOfTexts(): (text: string) => number {
  const numbers = new Map<string, number>()
  return (text) => {
    const known = numbers.get(text) ?? numbers.size
    if (known === numbers.size) numbers.set(text, known)
    return known
  }
}

/** Those that stand first on the page, as many as there is room for, in the order given. */
function firstFitting(candidates: readonly Candidate[], places: readonly number[]): readonly Candidate[] {
  const room = candidateRoom()
  const fitting = new Set<Candidate>()
  for (const index of [...places.keys()].toSorted((a, b) => (places[a] ?? 0) - (places[b] ?? 0))) {
    const candidate = candidates[index]
    if (candidate === undefined || !room.take(candidateSize(candidate))) break
    fitting.add(candidate)
  }
  return fitting.size === candidates.length
    ? candidates
    : candidates.filter((candidate) => fitting.has(candidate))
}

const joinKey = (key: string, said: string): string => `${key}\n${said}`

/** An image without alt is told apart by what else is said of it; two that say nothing are the same. */
function saidOf({ alt, captions }: Finding): string {
  return alt === null ? `-${wordsOf(captions)}` : `+${alt}`
}

/** No text has a line end. */
function wordsOf(captions: readonly Caption[]): string {
  return captions.map(({ source, text }) => `${source}:${text}`).join('\n')
}

function draftOf(finding: Finding, urls: UsableUrls, key: string): Draft {
  const draft: Draft = {
    key,
    sources: urls.sources,
    findings: 1,
    captions: [],
    heading: null,
    context: null,
    licenceUrl: null,
    place: finding.place,
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
  draft.place = Math.min(draft.place, finding.place)
  draft.heading ??= finding.heading
  draft.context ??= finding.context
  draft.licenceUrl ??= finding.licenceUrl
}

function rank(source: CaptionSource): number {
  return captionSources.indexOf(source)
}
