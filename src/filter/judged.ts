import {
  type Candidate,
  encodeHalves,
  type RejectReason,
  type Row,
  type ScoredCaption,
  type TextReject,
  type UidKind,
  uidOf,
} from '../records/index.js'
import type { JudgedCaption } from './choice.js'
import type { LanguageDetector } from './language.js'
import { noFacts, type Picture, type PictureFacts } from './picture.js'

/** Output of the model for a picture. */
export interface Seen {
  /** Cosine similarity to each usable caption, at least one. */
  readonly cosines: ArrayLike<number>
  /** Of the picture, L2-normalised. */
  readonly embedding: Float32Array
  /** Of each usable caption, in their order. */
  readonly texts: readonly Float32Array[]
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
      /** The picture, encoded, where a small one may be made of it; null = none may. */
      readonly file: Uint8Array | null
    }
  | { readonly kind: 'kept'; readonly picture: Picture; readonly seen: Seen | null }
  | { readonly kind: 'pending'; readonly picture: Picture }

/** Facts of a run by which its rows are marked. */
interface RowMarks {
  readonly modelId: string | null
  readonly uids: UidKind
  /** Whether kept rows carry their embeddings. */
  readonly embeddings: boolean
}

/** Of rows that never come to be kept. */
const unmarked: RowMarks = { modelId: null, uids: 'content', embeddings: false }

const unseen = {
  kind: 'rejected',
  ...{ detail: null, facts: noFacts, duplicateOf: null, seen: null, file: null },
} as const

export function rejected(
  reason: RejectReason,
  detail: string | null,
  facts: PictureFacts,
  more: { duplicateOf?: string; seen?: Seen; file?: Uint8Array | null } = {},
): Judged {
  return {
    kind: 'rejected',
    reason,
    detail,
    facts,
    duplicateOf: more.duplicateOf ?? null,
    seen: more.seen ?? null,
    file: more.file ?? null,
  }
}

/** The highest of at least one score. */
export function bestOf(cosines: ArrayLike<number>): number {
  return Math.max(...Array.from(cosines))
}

/** The row of a candidate that its texts rejected where it was found. */
export function textRejectRow(reject: TextReject, languages: LanguageDetector): Row {
  return rowOf(reject, [], { ...unseen, reason: reject.reason }, unmarked, languages)
}

/** The row of a candidate that was not tried because it killed its workers. */
export function crashedRow(candidate: Candidate, languages: LanguageDetector): Row {
  return rowOf(candidate, [], { ...unseen, reason: 'crashed' }, unmarked, languages)
}

export function rowOf(
  candidate: Omit<Candidate, 'fallbackUrls' | 'pageLanguage'>,
  usable: readonly JudgedCaption[],
  verdict: Extract<Judged, { kind: 'kept' | 'rejected' }>,
  { modelId, uids, embeddings }: RowMarks,
  languages: LanguageDetector,
): Row {
  const { seen } = verdict
  const scores = usable.map((_, i) => seen?.cosines[i] ?? null)
  const scored: ScoredCaption[] = candidate.captions.map((caption) => {
    const index = usable.findIndex(({ source, text }) => source === caption.source && text === caption.text)
    return { ...caption, score: scores[index] ?? null }
  })
  const winner = bestCaption(scores)
  const best = usable[winner]?.said ?? candidate.captions[0]?.text
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
    embeddings: verdict.kind === 'kept' && embeddings && seen !== null ? embeddingsOf(seen, winner) : null,
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

/** Index of the caption with the best score; the first, which is trusted more, where two score the same or none is scored. */
function bestCaption(scores: readonly (number | null)[]): number {
  let best = 0
  for (const [i, score] of scores.entries()) if (score !== null && score > (scores[best] ?? score)) best = i
  return best
}

/** As a row carries them. */
function embeddingsOf({ embedding, texts }: Seen, winner: number): string | null {
  const text = texts[winner]
  return text === undefined
    ? null
    : Buffer.concat([encodeHalves(embedding), encodeHalves(text)]).toString('base64')
}
