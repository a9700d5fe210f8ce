/**
 * Every reason for which a candidate is not kept. The set is closed: a reason is a metric label, a row's
 * `error_message`, and a line of the summary.
 */
export const rejectReasons = {
  /** No caption left to judge: each one failed a text rule. The first caption's rule is the reason. */
  text: [
    'caption_short',
    'caption_long',
    'caption_few_words',
    'caption_file_name',
    'caption_url',
    'caption_placeholder',
    'caption_markup',
    'caption_repeated',
    'language',
  ],
  /** The image could not be had. */
  download: [
    'robots',
    'robots_unreachable',
    'opt_out',
    'opt_out_unreachable',
    'address_refused',
    'bad_url',
    'dns',
    'connection',
    'tls',
    'timeout',
    'http_4xx',
    'http_5xx',
    'http_other',
    'redirects',
    'too_large',
    'body_cut',
    'encoding',
    'empty',
    'host_stalled',
  ],
  /** The bytes are no usable image. */
  image: [
    'not_image',
    'svg',
    'format',
    'truncated',
    'undecodable',
    'bomb',
    'bytes_small',
    'side_small',
    'aspect',
  ],
  /** The image was fine, but not wanted. */
  choice: [
    'duplicate_exact',
    'duplicate_near',
    'score_low',
    'concept_dropped',
    'concept_missing',
    'max_pairs',
    /** It, its page or its host is on a list of the run. */
    'listed',
    /** It was taken back from the dataset: counted, and no row names it. */
    'retracted',
    'crashed',
    'curated_out',
  ],
} as const

export type RejectReason = (typeof rejectReasons)[keyof typeof rejectReasons][number]
export type TextReason = (typeof rejectReasons.text)[number]

/** `status` of a row as img2dataset names it, and `rejected` for what was fetched but not wanted. */
export type Status = 'success' | 'failed_to_download' | 'failed_to_resize' | 'rejected'

const downloadReasons: ReadonlySet<string> = new Set(rejectReasons.download)
const imageReasons: ReadonlySet<string> = new Set(rejectReasons.image)

/** The row status that goes with a reason; null = kept. */
export function statusOf(reason: RejectReason | null): Status {
  if (reason === null) return 'success'
  if (downloadReasons.has(reason)) return 'failed_to_download'
  if (imageReasons.has(reason)) return 'failed_to_resize'
  return 'rejected'
}

/**
 * What becomes of the picture of a row that was rejected for a reason. `shown`: it was not wanted for what anybody can see, so a small
 * picture of it may be kept. `withheld`: somebody forbade it, it is not to be looked at, it repeats another, or nothing was wrong with
 * it. `unseen`: there is none that could be decoded. A reason that does not stand here is not shown.
 */
const pictures = {
  caption_short: 'unseen',
  caption_long: 'unseen',
  caption_few_words: 'unseen',
  caption_file_name: 'unseen',
  caption_url: 'unseen',
  caption_placeholder: 'unseen',
  caption_markup: 'unseen',
  caption_repeated: 'unseen',
  language: 'unseen',
  robots: 'withheld',
  robots_unreachable: 'withheld',
  opt_out: 'withheld',
  opt_out_unreachable: 'withheld',
  address_refused: 'withheld',
  bad_url: 'unseen',
  dns: 'unseen',
  connection: 'unseen',
  tls: 'unseen',
  timeout: 'unseen',
  http_4xx: 'unseen',
  http_5xx: 'unseen',
  http_other: 'unseen',
  redirects: 'unseen',
  too_large: 'unseen',
  body_cut: 'unseen',
  encoding: 'unseen',
  empty: 'unseen',
  host_stalled: 'unseen',
  not_image: 'unseen',
  svg: 'unseen',
  format: 'unseen',
  truncated: 'unseen',
  undecodable: 'unseen',
  bomb: 'unseen',
  bytes_small: 'shown',
  side_small: 'shown',
  aspect: 'shown',
  duplicate_exact: 'withheld',
  duplicate_near: 'withheld',
  score_low: 'shown',
  concept_dropped: 'withheld',
  concept_missing: 'withheld',
  max_pairs: 'withheld',
  listed: 'withheld',
  retracted: 'withheld',
  crashed: 'unseen',
  curated_out: 'withheld',
} as const satisfies Record<RejectReason, 'shown' | 'withheld' | 'unseen'>

/** Whether a picture of what was rejected so may be kept; no for a word that is no reason. */
export function isPictured(reason: string): boolean {
  const fates: Readonly<Record<string, string>> = pictures
  return Object.hasOwn(fates, reason) && fates[reason] === 'shown'
}
