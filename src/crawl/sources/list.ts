import type { Candidate, Caption } from '../../records/index.js'
import { tidyText } from '../extract/text.js'
import { maxCaptions } from '../page-room.js'
import { canonicalUrl } from '../url.js'

export const listFormats = ['txt', 'csv', 'tsv', 'jsonl', 'parquet'] as const
export type ListFormat = (typeof listFormats)[number]

/** Where in a list what is found: names of columns, or of properties in JSON lines. A txt file has no columns: URL, blank, caption. */
export interface ListColumns {
  readonly url: string
  readonly caption: string
  /** null = the list does not say on which page the image stood. */
  readonly page: string | null
  readonly licence: string | null
}

export function namedColumns({ url, caption, page, licence }: ListColumns): string[] {
  return [url, caption, page, licence].filter((column) => column !== null)
}

/** A file that lists image URLs with their captions. Plain JSON; it is stored with its run. */
export interface ListSource {
  readonly kind: 'list'
  /** Absolute. */
  readonly path: string
  readonly format: ListFormat
  readonly gzip: boolean
  readonly columns: ListColumns
}

/** Why a row of a list is no candidate. Counted, and named by line. */
export const rowSkipReasons = ['malformed', 'no_url', 'bad_url', 'no_caption'] as const
export type RowSkipReason = (typeof rowSkipReasons)[number]

/** One row. `line` is where it begins in the file, from 1; in parquet its number. */
export type ListRow =
  | { readonly line: number; readonly kind: 'candidate'; readonly candidate: Candidate }
  | {
      readonly line: number
      readonly kind: 'skipped'
      readonly reason: RowSkipReason
      /** For people; null = the reason says it all. */
      readonly detail: string | null
    }

/** Values of a row, unchecked; undefined and null = nothing. */
interface RawRow {
  readonly url: unknown
  readonly caption: unknown
  readonly page?: unknown
  readonly licence?: unknown
}

/** Of each candidate, of which a block holds thousands. */
const none: readonly string[] = []

/** Judges one row. Pure. */
export function rowOf(line: number, raw: RawRow): ListRow {
  const given = textIn(raw.url)
  if (given === null) return skipped(line, 'no_url', strangeness(raw.url))
  const imageUrl = canonicalUrl(given)
  if (imageUrl === null) return skipped(line, 'bad_url', given)
  const captions = captionsIn(raw.caption)
  if (captions.length === 0) return skipped(line, 'no_caption', strangeness(raw.caption))
  return {
    line,
    kind: 'candidate',
    candidate: {
      imageUrl,
      fallbackUrls: none,
      captions,
      pageUrl: urlIn(raw.page),
      pageLanguage: null,
      licenceUrl: urlIn(raw.licence),
    },
  }
}

/** A list holds several captions, as a value or written as JSON: the first ones, as many as a candidate may have. */
function captionsIn(value: unknown): readonly Caption[] {
  const several = Array.isArray(value) ? value : writtenList(value)
  if (several === null) {
    const text = tidyText(textIn(value))
    return text === null ? [] : [{ source: 'list', text }]
  }
  const texts = new Set<string>()
  for (const one of several) {
    const text = texts.size < maxCaptions ? tidyText(textIn(one)) : null
    if (text !== null) texts.add(text)
  }
  return [...texts].map((text) => ({ source: 'list', text }))
}

/** The texts of a list that stands in a cell, as JSON writes it; null = it is none. */
function writtenList(value: unknown): readonly string[] | null {
  if (typeof value !== 'string' || value[0] !== '[' || !value.endsWith(']')) return null
  try {
    const list: unknown = JSON.parse(value)
    return Array.isArray(list) && list.every((one) => typeof one === 'string') ? list : null
  } catch {
    // A caption in square brackets.
    return null
  }
}

/** What stands where a text should, for people; null = nothing does. */
function strangeness(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return null
  if (Array.isArray(value)) return value.length === 0 ? null : 'a list without texts'
  return `no text but an object with ${Object.keys(value).slice(0, 5).join(', ')}`
}

export function skipped(line: number, reason: RowSkipReason, detail: string | null = null): ListRow {
  return { line, kind: 'skipped', reason, detail: detail === null ? null : shortened(detail) }
}

/** Numbers are texts in lists; whatever else is not a text is nothing. */
function textIn(value: unknown): string | null {
  const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value
  if (typeof text !== 'string') return null
  const trimmed = text.trim()
  return trimmed === '' ? null : trimmed
}

/** URL in a further column, of the page or the licence; null = there is none that can be used. */
function urlIn(value: unknown): string | null {
  const text = textIn(value)
  return text === null ? null : canonicalUrl(text)
}

function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 197)}...` : text
}
