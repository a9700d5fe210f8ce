import type { Candidate, Caption } from '../../records/index.js'
import { maxCaptions } from '../page-room.js'
import type { ListRow } from './list.js'

/** Rows of a list that are joined with each other, by their number in the file: 0 to 9,999, and so on. */
export const blockRows = 10_000
/** Of captions that a block holds beside the first one of each candidate. Characters; lists in use have a tenth. */
const maxFurtherChars = 16_000_000

type Candidacy = Extract<ListRow, { kind: 'candidate' }>

/** What one or more rows of a block came to: a candidate, or a row that is none. */
export type BlockEntry =
  | { readonly kind: 'candidate'; readonly candidate: Candidate; readonly rows: number }
  | Extract<ListRow, { kind: 'skipped' }>

/**
 * A block of rows. Rows with one image, on the same page and under the same licence, are one candidate with the captions of all, as many
 * as a candidate may have. Whatever the reader is asked for again comes out the same, since the block is fixed by the numbers of its rows.
 */
export class ListBlock {
  readonly #entries: BlockEntry[] = []
  /** Place of each image's entry. */
  readonly #places = new Map<string, number>()
  #room = maxFurtherChars
  #rows = 0

  /** Rows that are in it. */
  get rows(): number {
    return this.#rows
  }

  /** In the order of their first rows. */
  get entries(): readonly BlockEntry[] {
    return this.#entries
  }

  add(row: ListRow): void {
    this.#rows++
    if (row.kind === 'skipped') {
      this.#entries.push(row)
      return
    }
    const key = keyOf(row)
    const place = this.#places.get(key) ?? this.#entries.length
    const known = this.#entries[place]
    const { candidate } = row
    if (known?.kind === 'candidate') {
      const captions = this.#joined(known.candidate.captions, candidate.captions)
      this.#entries[place] = {
        kind: 'candidate',
        candidate: { ...known.candidate, captions },
        rows: known.rows + 1,
      }
      return
    }
    this.#places.set(key, place)
    const [first, ...further] = candidate.captions
    const captions = first === undefined || further.length === 0 ? null : this.#joined([first], further)
    this.#entries.push({
      kind: 'candidate',
      candidate: captions === null ? candidate : { ...candidate, captions },
      rows: 1,
    })
  }

  #joined(before: readonly Caption[], more: readonly Caption[]): readonly Caption[] {
    const captions = [...before]
    for (const caption of more) {
      if (captions.length >= maxCaptions || caption.text.length > this.#room) break
      if (captions.some(({ text }) => text === caption.text)) continue
      this.#room -= caption.text.length
      captions.push(caption)
    }
    return captions
  }
}

/** No URL has a line end. */
function keyOf({ candidate: { imageUrl, pageUrl, licenceUrl } }: Candidacy): string {
  return pageUrl === null && licenceUrl === null
    ? imageUrl
    : `${imageUrl}\n${pageUrl ?? ''}\n${licenceUrl ?? ''}`
}
