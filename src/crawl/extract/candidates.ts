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
  /** Who made it; null = nobody is named. */
  readonly credit: string | null
  /** Of its captions, where it is another than the page's; null = it is not told. */
  readonly language: string | null
  /** Orders what the page names: less stands before. */
  readonly place: number
}

interface PageContext {
  readonly pageUrl: string
  readonly pageLanguage: string | null
  readonly licenceUrl: string | null
}

interface JoinedFindings {
  readonly candidates: readonly Candidate[]
  readonly skipped: Partial<Record<ImageSkipReason, number>>
}

type UsableUrls = Extract<ImageUrls, { kind: 'urls' }>

interface Draft {
  /** Of its picture; equal for other sizes of it. */
  readonly key: string
  /** In the order of trying, at least one. */
  sources: readonly ImageSource[]
  /** Those that were joined; each is counted with one draft. */
  readonly findings: Finding[]
  /** Candidate that was made of it, for which there may be no room; else why there is none. */
  outcome: Candidate | ImageSkipReason
  captions: Caption[]
  heading: string | null
  context: string | null
  licenceUrl: string | null
  credit: string | null
  language: string | null
  /** Of its first finding. */
  place: number
}

/** Findings that show, or name, one picture with the same words, and what became of them. */
export interface JoinedPicture {
  /** In the order in which they came; what metadata says of several stands with the first alone. */
  readonly findings: readonly Finding[]
  /** In the order of trying. */
  readonly sources: readonly ImageSource[]
  readonly outcome: Candidate | ImageSkipReason
}

export interface Join {
  /** Something that metadata says of an image: it goes to the elements that show it, and makes a candidate of its own where none does. */
  declare(finding: Finding): void
  /** Counts further images of the page that are not looked at. */
  leaveOut(reason: ImageSkipReason, images: number): void
  /** To be asked once, at the end. */
  candidates(page: PageContext): Steps<JoinedFindings>
  /** What was joined, findings without a usable URL apart; to be asked after that. */
  pictures(): readonly JoinedPicture[]
}

/** Findings, or drafts, that are looked at in one step. */
const perStep = 64

/**
 * Joins what was found into candidates: the same image with the same alt is one, with another alt another. Of those, a page gives the
 * first ones in document order, as many as there is room for. `onlyShown`: what metadata alone names is not taken.
 */
export function* joinFindings(elements: readonly Finding[], onlyShown = false): Steps<Join> {
  const skipped: Partial<Record<ImageSkipReason, number>> = {}
  const count = (reason: ImageSkipReason, times = 1) => {
    if (times > 0) skipped[reason] = (skipped[reason] ?? 0) + times
  }
  const drafts = yield* draftsOf(elements, count)
  let shown: Shown | null = null
  let kept: readonly Candidate[] = []
  return {
    declare: (finding) => {
      shown ??= shownBy(drafts)
      declare(finding, onlyShown ? null : drafts, shown, count)
    },
    leaveOut: count,
    *candidates(page) {
      kept = yield* candidatesOf(drafts, page, count)
      return { candidates: kept, skipped }
    },
    pictures: () => {
      const taken = new Set(kept)
      return drafts.map(({ findings, sources, outcome }) => ({
        findings,
        sources,
        outcome: typeof outcome === 'string' || taken.has(outcome) ? outcome : 'page_full',
      }))
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
      twin.findings.push(finding)
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

/** `drafts` null = it makes none of its own. */
function declare(finding: Finding, drafts: Draft[] | null, shown: Shown, count: Count): void {
  const { urls } = finding
  if (urls.kind === 'skip') {
    count(urls.reason)
    return
  }
  const { key } = urls.sources[0]
  const places = shown.get(key)
  if (places === undefined && drafts === null) {
    count('rule')
  } else if (places === undefined) {
    const draft = draftOf(finding, urls, key)
    drafts?.push(draft)
    show(draft, shown)
  }
  // Enough to reach every alt of a real page; a hostile one has image and metadata thousands of times.
  else {
    for (const draft of places.slice(0, 100)) {
      addTo(draft, finding)
      addSizes(draft, urls.sources)
    }
    if (places[0] !== undefined) places[0].findings.push(finding)
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
  const skip = (draft: Draft, reason: ImageSkipReason) => {
    draft.outcome = reason
    count(reason, draft.findings.length)
  }
  for (const [i, draft] of drafts.entries()) {
    if (i % perStep === 0) yield
    const heading = captioned.has(draft.key) ? null : draft.heading
    const captions = heading === null ? draft.captions : [{ source: 'heading' as const, text: heading }]
    if (captions.length === 0) {
      skip(draft, captioned.has(draft.key) ? 'repeated' : 'no_caption')
      continue
    }
    const ordered =
      captions.length === 1 ? captions : captions.toSorted((a, b) => rank(a.source) - rank(b.source))
    if (!isDistinct) {
      const identity = `${draft.key}\n${ordered.map(({ source, text }) => `${source}:${numberOf(text)}`).join(' ')}`
      if (seen.has(identity)) {
        skip(draft, 'repeated')
        continue
      }
      seen.add(identity)
    }
    count('repeated', draft.findings.length - 1)
    const [imageUrl = '', ...fallbackUrls] = draft.sources.map(({ url }) => url)
    const plain: Candidate = {
      imageUrl,
      fallbackUrls,
      captions:
        draft.context === null || ordered.some(({ text }) => text === draft.context)
          ? ordered
          : [...ordered, { source: 'context', text: draft.context }],
      pageUrl: page.pageUrl,
      pageLanguage: draft.language ?? page.pageLanguage,
      licenceUrl: draft.licenceUrl ?? page.licenceUrl,
    }
    const candidate = draft.credit === null ? plain : { ...plain, credit: draft.credit }
    draft.outcome = candidate
    candidates.push(candidate)
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
    findings: [finding],
    outcome: 'no_caption',
    captions: [],
    heading: null,
    context: null,
    licenceUrl: null,
    credit: null,
    language: null,
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
  draft.credit ??= finding.credit
  draft.language ??= finding.language
}

function rank(source: CaptionSource): number {
  return captionSources.indexOf(source)
}
