import type { Candidate, Caption } from '../../records/index.js'
import { maxCaptions } from '../page-room.js'
import type { ListRow } from './list.js'

/** Rows of a list that are joined with each other, by their number in the file: 0 to 9,999, and so on. */
export const blockRows = 10_000
/** Of captions that a block holds beside the first one of each candidate. Characters; lists in use have a tenth. */
const maxFurtherChars = 16_000_000

/** What one or more rows of a block came to: the candidate of an image, or a row that is none. */
export interface BlockEntry {
  /** The first row, with the captions of all. */
  readonly row: ListRow
  readonly rows: number
}

/**
 * A block of rows. Rows with one image, on the same page and under the same licence, are one candidate with the captions of all, as many
 * as a candidate may have. Whatever the reader is asked for again comes out the same, since the block is fixed by the numbers of its rows.
 */
export class ListBlock {
  /** The first row of each entry. */
  readonly #first: ListRow[] = []
  /** Rows of each entry that has more than one, by its place. */
  readonly #joinedRows = new Map<number, number>()
  /** Place of each image's entry. */
  readonly #places = new Map<string, number>()
  #room = maxFurtherChars
  #rows = 0

  /** Rows that are in it. */
  get rows(): number {
    return this.#rows
  }

  /** How many entries it has. */
  get size(): number {
    return this.#first.length
  }

  /** Entries from one place up to another, in the order of their first rows. */
  entries(from: number, to: number): readonly BlockEntry[] {
    return this.#first.slice(from, to).map((row, i) => ({ row, rows: this.#joinedRows.get(from + i) ?? 1 }))
  }

  add(row: ListRow): void {
    this.#rows++
    if (row.kind === 'skipped') {
      this.#first.push(row)
      return
    }
    const { candidate } = row
    const key = keyOf(candidate)
    const place = this.#places.get(key) ?? this.size
    const known = this.#first[place]
    if (known?.kind === 'candidate') {
      const captions = this.#joined(known.candidate.captions, candidate.captions)
      this.#first[place] = { ...known, candidate: { ...known.candidate, captions } }
      this.#joinedRows.set(place, (this.#joinedRows.get(place) ?? 1) + 1)
      return
    }
    this.#places.set(key, place)
    if (candidate.captions.length > 1) {
      const captions = this.#joined(candidate.captions.slice(0, 1), candidate.captions.slice(1))
      this.#first.push({ ...row, candidate: { ...candidate, captions } })
    } else this.#first.push(row)
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
function keyOf({ imageUrl, pageUrl, licenceUrl }: Candidate): string {
  return pageUrl === null && licenceUrl === null
    ? imageUrl
    : `${imageUrl}\n${pageUrl ?? ''}\n${licenceUrl ?? ''}`
}
