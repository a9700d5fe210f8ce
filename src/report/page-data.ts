/**
 * Everything that the page is given, as JSON: it knows nothing else, and asks nobody where there is no explorer. Texts in it come from web pages
 * and datasets of others: they are hostile, and become text alone. No time stands in it at which it was made, so that equal datasets give equal bytes.
 */
export interface PageData {
  /** null = an explorer whose dataset has nothing yet. */
  readonly report: ReportData | null
  /** null = a file: nobody answers. */
  readonly explorer: ExplorerAccess | null
}

/** Server of an explorer, as its page asks it. */
interface ExplorerAccess {
  /** Path before each of its answers, without a slash at the end: `/api`. */
  readonly api: string
  /** Whether there is a run to follow. */
  readonly hasRun: boolean
}

/** Figures and pictures of one dataset. */
export interface ReportData {
  readonly dataset: DatasetFacts
  readonly pages: PageFacts
  readonly candidates: CandidateFacts
  readonly reasons: readonly ReasonFact[]
  /** Cards of kept pairs, by chance. */
  readonly kept: readonly CardNumber[]
  /** All pairs first, then languages, then sources of captions, each with the most pairs first; empty = nothing is scored. */
  readonly scores: readonly ScoreGroup[]
  readonly hosts: HostFacts
  readonly refusals: readonly RefusalFact[]
  readonly duplicates: DuplicateFacts
  /** null = there is nothing that has such a figure. */
  readonly sides: Spread | null
  readonly aspects: Spread | null
  readonly captionLengths: Spread | null
  readonly languages: readonly NamedCount[]
  readonly captionSources: readonly CaptionSourceFact[]
  /** Words of kept captions, most first: each caption counts a word once. */
  readonly words: readonly NamedCount[]
  /** 1 = every caption was looked at for words; 7 = each seventh was. */
  readonly wordsEvery: number
  readonly options: readonly (readonly [name: string, value: string])[]
  readonly cards: readonly Card[]
  /** Sources of pictures: `data:` in a file, paths of the explorer. */
  readonly pictures: readonly string[]
}

/** Index into `cards`. */
export type CardNumber = number

export interface DatasetFacts {
  /** As commands take it. */
  readonly place: string
  readonly run: string
  /** Whether its manifest names every shard: null = it has none. */
  readonly isComplete: boolean | null
  readonly pairs: number
  readonly shards: number
  /** Of the tars. */
  readonly bytes: number
  /** null = pairs were not scored. */
  readonly modelId: string | null
  /** Score from which on a pair was kept; null = none. */
  readonly threshold: number | null
  /** Last change that is in it; null = it counts none. */
  readonly generation: number | null
  /** Datasets that it was made of; empty = it was crawled. */
  readonly curatedFrom: readonly string[]
  /** ISO 8601, when the first and the last picture were fetched; null = it is not known. */
  readonly fetched: { readonly from: string; readonly to: string } | null
}

/** What became of pages. */
interface PageFacts {
  readonly decided: number
  readonly read: number
  /** Pictures with a text on the pages that were read, each as often as it stands there. */
  readonly found: number
  readonly outcomes: readonly OutcomeFact[]
}

export interface OutcomeFact {
  readonly outcome: string
  /** null = the outcome says it all. */
  readonly reason: string | null
  /** For people. */
  readonly meaning: string
  readonly count: number
}

/** Candidates, and how many are left when each group of reasons has taken its own. */
export interface CandidateFacts {
  readonly all: number
  readonly groups: readonly ReasonGroup[]
  readonly kept: number
}

/** Reasons that belong together, in the order in which a candidate meets them. */
export interface ReasonGroup {
  readonly id: string
  readonly rejected: number
  /** Candidates that this group and those before it have left. */
  readonly left: number
}

export interface ReasonFact {
  readonly reason: string
  /** Id of its group. */
  readonly group: string
  /** For people. */
  readonly meaning: string
  readonly count: number
  /** `shown`: small pictures of some may be kept; `withheld`: none is kept, by rule; `unseen`: there was none to look at. */
  readonly pictures: 'shown' | 'withheld' | 'unseen'
  /** With pictures first. */
  readonly cards: readonly CardNumber[]
}

/** Candidate or pair as it is shown. */
export interface Card {
  /** null = it was rejected. */
  readonly key: string | null
  readonly caption: string
  /** Where the caption stood, as `alt`; null = it is not known. */
  readonly source: string | null
  readonly url: string
  readonly pageUrl: string | null
  readonly score: number | null
  readonly language: string | null
  /** Pixels of the picture as it was fetched. */
  readonly width: number | null
  readonly height: number | null
  /** null = it was kept. */
  readonly reason: string | null
  readonly detail: string | null
  /** Index into `pictures`; null = there is none to show. */
  readonly picture: number | null
}

/** Scores of pairs in steps of 0.01. A bin `i` counts scores from `(first + i) / 100` on, up to the next bin: the same doubles as SQL compares. */
export interface ScoreGroup {
  readonly kind: 'all' | 'language' | 'source'
  /** null = all pairs; of a source, that it is not known. */
  readonly name: string | null
  readonly pairs: number
  readonly first: number
  readonly kept: readonly number[]
  /** Rejected for their score. */
  readonly low: readonly number[]
  /** Hundredths at which the threshold may be set, ascending: between the 1st and the 99th percentile of the pairs. */
  readonly notches: readonly Notch[]
}

export interface Notch {
  /** Threshold in hundredths. */
  readonly at: number
  /** Pairs with this score or a higher one. */
  readonly keeps: number
  /** Nearest to the threshold first. */
  readonly above: readonly CardNumber[]
  readonly below: readonly CardNumber[]
}

export interface HostFacts {
  /** All that gave a candidate. */
  readonly total: number
  /** Those with the most candidates first; not all where there are many. */
  readonly rows: readonly HostFact[]
}

export interface HostFact {
  /** Host of the page, or of the picture where no page is named. */
  readonly host: string
  readonly pages: number
  readonly candidates: number
  readonly kept: number
  readonly meanScore: number | null
  /** Why most of the others were rejected. */
  readonly reasons: readonly NamedCount[]
}

/** A rule of sites that said no. */
export interface RefusalFact {
  /** `page`: the page was not read; `images`: its pictures were left alone; `image`: the picture was not fetched. */
  readonly what: 'page' | 'images' | 'image'
  readonly rule: string
  readonly count: number
  readonly hosts: number
  /** One of them. */
  readonly example: string
}

export interface DuplicateFacts {
  readonly groups: number
  /** Rows that repeat a kept picture. */
  readonly rows: number
  /** Groups by how many pictures they have, the kept one with them. */
  readonly sizes: readonly { readonly size: number; readonly groups: number }[]
  readonly largest: readonly DuplicateGroup[]
}

export interface DuplicateGroup {
  readonly winner: CardNumber
  /** Not all where there are many. */
  readonly losers: readonly DuplicateLoser[]
  readonly rows: number
}

export interface DuplicateLoser {
  readonly reason: string
  readonly caption: string
  readonly url: string
  /** Bits of 64 in which its perceptual hash differs from the winner's; null = it is not known. */
  readonly distance: number | null
}

/** Spread of a figure over pairs. */
export interface Spread {
  readonly count: number
  readonly min: number
  readonly p5: number
  readonly p50: number
  readonly p95: number
  readonly max: number
  /** Width of a bin. */
  readonly step: number
  readonly below: number
  readonly bins: readonly { readonly from: number; readonly count: number }[]
  readonly above: number
}

export interface NamedCount {
  /** null = those that have none. */
  readonly name: string | null
  readonly count: number
}

interface CaptionSourceFact {
  readonly source: string
  /** Pairs whose caption it is. */
  readonly captions: number
  /** Texts of it beside kept pictures. */
  readonly texts: number
  readonly meanScore: number | null
}
