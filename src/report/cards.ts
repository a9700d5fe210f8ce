import type { Row } from '../query/index.js'
import type { RejectedPicture } from '../shard/index.js'
import { numberOrNull, textIn, textOrNull } from './ask.js'
import type { Card } from './page-data.js'

/** A candidate or pair before it has a picture, with what decides whether it may be shown. */
export interface Shown {
  readonly card: Omit<Card, 'picture'>
  readonly identity: {
    readonly url: string
    readonly pageUrl: string | null
    readonly sha256: string | null
    readonly phash: string | null
    readonly uid: string | null
  }
}

const mostCaption = 600
const mostUrl = 2_000

/** An address that is too long is cut, and has a blank then: the page does not link to what has one. */
const cutUrl = (column: string): string =>
  `case when length(${column}) <= ${mostUrl} then ${column} else left(${column}, 200) || ' …' end`

/** Source of the caption that won. */
export const winningSource = 'list_filter(captions, lambda one: one.text = caption)[1].source'

/** Columns of a shown row, as a select has them. Texts are cut here, so that no long one is held. */
export const shownColumns = `key, left(caption, ${mostCaption}) as caption, ${winningSource} as source,
  ${cutUrl('url')} as url, ${cutUrl('page_url')} as page_url, clip_score, language,
  coalesce(original_width, width) as width, coalesce(original_height, height) as height,
  error_message, left(error_detail, 200) as error_detail, sha256, phash, uid`

/** The same as one struct, of which an aggregate takes the least. */
export const shownStruct = `struct_pack(key := key, caption := left(caption, ${mostCaption}), source := ${winningSource},
  url := ${cutUrl('url')}, page_url := ${cutUrl('page_url')}, clip_score := clip_score, language := language,
  width := coalesce(original_width, width), height := coalesce(original_height, height),
  error_message := error_message, error_detail := left(error_detail, 200), sha256 := sha256, phash := phash, uid := uid)`

/** Pure. */
export function shownOf(row: Row): Shown {
  const url = textIn(row.url)
  const pageUrl = textOrNull(row.page_url)
  return {
    card: {
      key: textOrNull(row.key),
      caption: textIn(row.caption),
      source: textOrNull(row.source),
      url,
      pageUrl,
      score: numberOrNull(row.clip_score),
      language: textOrNull(row.language),
      width: numberOrNull(row.width),
      height: numberOrNull(row.height),
      reason: textOrNull(row.error_message),
      detail: textOrNull(row.error_detail),
    },
    identity: {
      url,
      pageUrl,
      sha256: textOrNull(row.sha256),
      phash: textOrNull(row.phash),
      uid: textOrNull(row.uid),
    },
  }
}

/** A row as JSON has it, beside the picture of what was rejected. Pure. */
export function shownOfRecord({ record }: RejectedPicture): Shown {
  const cut = (value: unknown, most: number) => (typeof value === 'string' ? value.slice(0, most) : null)
  const number = (value: unknown) => (typeof value === 'number' ? value : null)
  const address = (value: unknown) =>
    typeof value !== 'string' || value.length <= mostUrl ? value : `${value.slice(0, 200)} …`
  const captions = Array.isArray(record.captions) ? record.captions : []
  const source: unknown = captions.find((one) => one?.text === record.caption)?.source
  return shownOf({
    key: null,
    caption: cut(record.caption, mostCaption),
    source: cut(source, 40),
    url: cut(address(record.url), mostUrl),
    page_url: cut(address(record.page_url), mostUrl),
    clip_score: number(record.clip_score),
    language: cut(record.language, 10),
    width: number(record.original_width) ?? number(record.width),
    height: number(record.original_height) ?? number(record.height),
    error_message: cut(record.error_message, 40),
    error_detail: cut(record.error_detail, 200),
    sha256: cut(record.sha256, 64),
    phash: cut(record.phash, 16),
    uid: null,
  })
}
