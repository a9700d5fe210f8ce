/**
 * Everything that an explorer answers, as JSON. Texts in it come from web pages and datasets of others: they are hostile, and become text alone. Paths are
 * below the `api` that the page is given.
 */

/** `GET /state`. */
export interface ExplorerState {
  /** As commands take it. */
  readonly place: string
  readonly pairs: number
  readonly rejected: number
  readonly shards: number
  /** Last change of the dataset that is known. */
  readonly generation: number
  /** Another one = there is more, or less, than before. */
  readonly version: number
  readonly search: SearchState
  /** Whether there is a run whose state can be asked for. */
  readonly hasRun: boolean
}

interface SearchState {
  /** Images whose embeddings are at hand. */
  readonly images: number
  /** Images that are still to be read, with those at hand. */
  readonly of: number
  /** null = nothing is scored. */
  readonly modelId: string | null
}

/** `GET /figures`, with the status 202, while the report is being made: it is asked for again. */
export interface FiguresProgress {
  readonly kind: 'making'
  /** What is counted at this moment, for people. */
  readonly step: string
}

/** Answer to whatever could not be done. */
export interface ExplorerProblem {
  /** For people. */
  readonly problem: string
}

/** A kept pair in a list. */
export interface PairRow {
  readonly key: string
  /** null = it has none: its dataset is of an early version. */
  readonly uid: string | null
  readonly caption: string
  readonly url: string
  readonly pageUrl: string | null
  readonly score: number | null
  readonly language: string | null
  readonly width: number | null
  readonly height: number | null
}

/** `GET /search?text=` or `?key=`, `POST /search` with the bytes of a picture. */
export interface SearchAnswer {
  /** Nearest first. */
  readonly found: readonly FoundPair[]
  /** Images that were compared. */
  readonly images: number
  readonly tookMs: number
}

export interface FoundPair {
  readonly pair: PairRow
  /** Of the picture and what was looked for. */
  readonly cosine: number
}

/** A page of a list. */
export interface Rows<T> {
  readonly rows: readonly T[]
  /** For `after` of the next page; null = there is none. */
  readonly next: string | null
  /** In all pages; null = it is told with the first one. */
  readonly total: number | null
}

export const pairOrders = ['key', 'best', 'worst'] as const
/** `best`, `worst`: by score. */
export type PairOrder = (typeof pairOrders)[number]

/** A rejected candidate in a list. */
export interface RejectedRow {
  readonly reason: string
  readonly detail: string | null
  /** Of the reason, for people. */
  readonly meaning: string
  readonly caption: string
  readonly url: string
  readonly pageUrl: string | null
  readonly score: number | null
  readonly language: string | null
  readonly width: number | null
  readonly height: number | null
  /** Name of its small picture, for `GET /rejected-picture?name=`; null = there is none. */
  readonly picture: string | null
}

/** `GET /reasons`. */
export interface ReasonCount {
  readonly reason: string
  readonly count: number
}

/** `GET /duplicates`: a kept picture and what repeats it. */
export interface DuplicateSet {
  readonly winner: PairRow
  /** All that repeat it. */
  readonly count: number
  /** Not all where there are many. */
  readonly losers: readonly DuplicateRow[]
}

export interface DuplicateRow {
  readonly isExact: boolean
  readonly caption: string
  readonly url: string
  readonly pageUrl: string | null
  /** Bits of 64 in which its perceptual hash differs from the winner's; null = it is not known. */
  readonly distance: number | null
}

/** `GET /pair?key=`. */
export interface PairRecord {
  readonly key: string
  readonly shard: number
  readonly caption: string
  readonly captions: readonly CaptionScore[]
  /** Picture first, then page. */
  readonly permissions: readonly PermissionRow[]
  /** Other fields of its record that are not null, as texts. */
  readonly fields: readonly (readonly [name: string, value: string])[]
}

export interface CaptionScore {
  readonly source: string
  readonly text: string
  readonly score: number | null
}

export interface PermissionRow {
  readonly what: 'picture' | 'page'
  readonly rule: string
  readonly value: string
  readonly source: string
  readonly checkedAt: string
}

export const selectionForms = ['uids', 'retract'] as const
/** `uids`: for `pairmill curate --uids`; `retract`: for `pairmill retract --file`. */
export type SelectionForm = (typeof selectionForms)[number]

/** `POST /selection`: answered with the file. */
export interface SelectionWish {
  readonly form: SelectionForm
  readonly uids: readonly string[]
}

/** `GET /live`. */
export interface LiveAnswer {
  readonly run: string
  /** In a word, such as `running`. */
  readonly state: string
  readonly isGoingOn: boolean
  /** Of this answer; and of what it tells. ISO 8601. */
  readonly updatedAt: string
  readonly elapsedMs: number
  readonly note: string | null
  readonly rates: readonly LiveRate[]
  readonly funnel: readonly LiveStep[]
  readonly reasons: readonly (ReasonCount & { readonly meaning: string })[]
  /** What waits, and why. */
  readonly waits: readonly string[]
  readonly hosts: readonly LiveHost[]
  /** Empty = a process of its own works on it. */
  readonly workers: readonly LiveWorker[]
  readonly newest: NewestPictures | null
}

interface LiveRate {
  readonly name: string
  readonly perSecond: number
}

interface LiveStep {
  readonly name: string
  readonly count: number
  /** Of the step before that it is a part of, 0..1; null = of none. */
  readonly share: number | null
}

export interface LiveHost {
  readonly host: string
  readonly waiting: number
  readonly pages: number
  readonly nextInMs: number
  readonly delayMs: number
  readonly failures: number
  readonly state: string
  /** Pages of it that a browser rendered of late, and those of them that it gave something; null = none. */
  readonly rendered: { readonly renders: number; readonly paid: number } | null
  readonly robots: string
  /** Pairs kept of candidates judged, in what is committed; null = nothing of it is. */
  readonly kept: number | null
  readonly candidates: number | null
}

export interface LiveWorker {
  readonly worker: string
  readonly places: string
  readonly active: number
  readonly agoMs: number
  readonly problem: string | null
}

/** Pictures of what was judged last, before it is in a shard. */
export interface NewestPictures {
  /** For `GET /newest-picture?batch=&n=`. */
  readonly batch: string
  readonly kept: readonly NewestPicture[]
  readonly rejected: readonly NewestPicture[]
}

export interface NewestPicture {
  /** Its number among the pictures of the batch. */
  readonly n: number
  readonly caption: string
  readonly host: string
  readonly score: number | null
  /** null = kept. */
  readonly reason: string | null
}
