import {
  type Candidate,
  type RejectReason,
  type Row,
  type ScoredCaption,
  type TextReject,
  type UidKind,
  uidOf,
} from '../records/index.js'
import type { JudgedCaption } from './choice.js'
import type { LanguageDetector } from './language.js'
import type { Picture, PictureFacts } from './picture.js'

/** Output of the model for a picture. */
export interface Seen {
  /** Cosine similarity to each usable caption, at least one. */
  readonly cosines: ArrayLike<number>
  /** Names of the concepts that it shows. */
  readonly tags: readonly string[]
}

/** State of a candidate so far. */
export type Judged =
  | { readonly kind: 'deferred'; readonly delayMs: number }
  | {
      readonly kind: 'rejected'
      readonly reason: RejectReason
      readonly detail: string | null
      readonly facts: PictureFacts
      readonly duplicateOf: string | null
      readonly seen: Seen | null
    }
  | { readonly kind: 'kept'; readonly picture: Picture; readonly seen: Seen | null }
  | { readonly kind: 'pending'; readonly picture: Picture }

export const noFacts: PictureFacts = {
  imageUrl: null,
  originalWidth: null,
  originalHeight: null,
  exif: null,
  sha256: null,
  fetchedBytes: null,
  fetchedAt: null,
  phash: null,
  permission: null,
}

const unseen = { kind: 'rejected', detail: null, facts: noFacts, duplicateOf: null, seen: null } as const

export function rejected(
  reason: RejectReason,
  detail: string | null,
  facts: PictureFacts,
  more: { duplicateOf?: string; seen?: Seen } = {},
): Judged {
  return {
    kind: 'rejected',
    reason,
    detail,
    facts,
    duplicateOf: more.duplicateOf ?? null,
    seen: more.seen ?? null,
  }
}

/** The highest of at least one score. */
export function bestOf(cosines: ArrayLike<number>): number {
  return Math.max(...Array.from(cosines))
}

/** The row of a candidate that its texts rejected where it was found. */
export function textRejectRow(reject: TextReject, languages: LanguageDetector): Row {
  return rowOf(
    reject,
    [],
    { ...unseen, reason: reject.reason },
    { modelId: null, uids: 'content' },
    languages,
  )
}

/** The row of a candidate that was not tried because it killed its workers. */
export function crashedRow(candidate: Candidate, languages: LanguageDetector): Row {
  return rowOf(candidate, [], { ...unseen, reason: 'crashed' }, { modelId: null, uids: 'content' }, languages)
}

export function rowOf(
  candidate: Omit<Candidate, 'fallbackUrls' | 'pageLanguage'>,
  usable: readonly JudgedCaption[],
  verdict: Extract<Judged, { kind: 'kept' | 'rejected' }>,
  { modelId, uids }: { readonly modelId: string | null; readonly uids: UidKind },
  languages: LanguageDetector,
): Row {
  const { seen } = verdict
  const scores = usable.map((_, i) => seen?.cosines[i] ?? null)
  const scored: ScoredCaption[] = candidate.captions.map((caption) => {
    const index = usable.findIndex(({ source, text }) => source === caption.source && text === caption.text)
    return { ...caption, score: scores[index] ?? null }
  })
  const best = bestCaption(usable, scores)?.said ?? candidate.captions[0]?.text
  if (best === undefined) throw new Error(`a candidate without captions: ${candidate.imageUrl}`)
  const facts: PictureFacts = verdict.kind === 'kept' ? verdict.picture : verdict.facts
  const stored = verdict.kind === 'kept' ? verdict.picture.stored : null
  return {
    caption: best,
    url: facts.imageUrl ?? candidate.imageUrl,
    reason: verdict.kind === 'kept' ? null : verdict.reason,
    detail: verdict.kind === 'kept' ? null : verdict.detail,
    width: stored?.width ?? null,
    height: stored?.height ?? null,
    originalWidth: facts.originalWidth,
    originalHeight: facts.originalHeight,
    exif: facts.exif,
    sha256: facts.sha256,
    storedSha256: stored?.sha256 ?? null,
    uid: verdict.kind === 'kept' ? uidOf(uids, verdict.picture.sha256, candidate) : null,
    fetchedAt: facts.fetchedAt,
    pageUrl: candidate.pageUrl,
    captions: scored,
    clipScore: seen === null ? null : bestOf(seen.cosines),
    modelId: seen === null ? null : modelId,
    phash: facts.phash,
    language: languages.detect(best).language,
    licenceUrl: candidate.licenceUrl,
    ...(candidate.credit === undefined ? {} : { credit: candidate.credit }),
    permission: facts.permission,
    pagePermission: candidate.pagePermission ?? null,
    tags: seen?.tags ?? [],
    duplicateOf: verdict.kind === 'kept' ? null : verdict.duplicateOf,
  }
}

/** The caption with the best score; the first, which is trusted more, where two score the same or none is scored. undefined = there is none. */
function bestCaption(
  usable: readonly JudgedCaption[],
  scores: readonly (number | null)[],
): JudgedCaption | undefined {
  let best = 0
  for (const [i, score] of scores.entries()) if (score !== null && score > (scores[best] ?? score)) best = i
  return usable[best]
}
