import type { Row } from '../records/index.js'

/**
 * How a picture can be had: `open` by any crawler; `sitemap` from a page that only the sitemap names; `script`
 * from a page that names it in a script; `broken` not at all; `forbidden` the site forbids it.
 */
export type Access = 'open' | 'sitemap' | 'script' | 'broken' | 'forbidden'

/** What stands behind one image URL of the demo web. */
export interface Shown {
  /** `style/subject`; the same for every size and copy of one picture. */
  readonly picture: string
  /** Name of what it shows. */
  readonly name: string
  readonly access: Access
  /** Texts that are right for it though they do not hold the name, e.g. in another language. */
  readonly alsoRight: readonly string[]
}

/** What the makers of the demo web know. */
export interface Truth {
  /** By canonical image URL. Images that show no subject (logos, banners) are not in it: no text is right for them. */
  readonly shown: ReadonlyMap<string, Shown>
  /** Pictures (as `Shown.picture`) that stand somewhere open, whole, beside a right English text. */
  readonly wanted: ReadonlySet<string>
}

export interface TruthScore {
  /** Kept pairs whose caption is right, of all kept pairs; 1 where none was kept. */
  readonly precision: number
  /** Wanted pictures kept at least once with a right caption, of all wanted pictures; 1 where none is wanted. */
  readonly recall: number
  readonly kept: number
  readonly keptRight: number
  readonly keptWrong: number
  /** Candidates that had a right caption, and candidates that had none. */
  readonly offeredRight: number
  readonly offeredWrong: number
  readonly wanted: number
  readonly wantedKept: number
  /** Kept pairs of pictures that the site forbids to take; a correct run has 0. */
  readonly forbiddenKept: number
  /** Kept pairs beyond the first of the same picture. */
  readonly repeatedKept: number
}

export type ScoredRow = Pick<Row, 'url' | 'caption' | 'captions' | 'reason'>

/** Letters and digits only, single spaces, one at each end, so that a phrase is found as whole words. */
function folded(text: string): string {
  return ` ${text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()} `
}

/** Whether a text says what the picture shows: it holds the name as whole words, or is one of the texts known to be right. */
export function isRight(shown: Shown, caption: string): boolean {
  const text = folded(caption)
  return text.includes(folded(shown.name)) || shown.alsoRight.some((right) => folded(right) === text)
}

/** Compares the rows of a run (all of them, kept and rejected) with the truth. */
export function scoreAgainstTruth(rows: Iterable<ScoredRow>, truth: Truth): TruthScore {
  let kept = 0
  let keptRight = 0
  let offeredRight = 0
  let offeredWrong = 0
  let forbiddenKept = 0
  const keptPictures = new Set<string>()
  const rightPictures = new Set<string>()
  let keptOfPictures = 0
  for (const row of rows) {
    const shown = truth.shown.get(row.url)
    const texts = [row.caption, ...row.captions.map((c) => c.text)]
    if (shown !== undefined && texts.some((text) => isRight(shown, text))) offeredRight += 1
    else offeredWrong += 1
    if (row.reason !== null) continue
    kept += 1
    if (shown === undefined) continue
    keptOfPictures += 1
    keptPictures.add(shown.picture)
    if (shown.access === 'forbidden') forbiddenKept += 1
    if (!isRight(shown, row.caption)) continue
    keptRight += 1
    rightPictures.add(shown.picture)
  }
  const wantedKept = [...truth.wanted].filter((picture) => rightPictures.has(picture)).length
  return {
    precision: kept === 0 ? 1 : keptRight / kept,
    recall: truth.wanted.size === 0 ? 1 : wantedKept / truth.wanted.size,
    kept,
    keptRight,
    keptWrong: kept - keptRight,
    offeredRight,
    offeredWrong,
    wanted: truth.wanted.size,
    wantedKept,
    forbiddenKept,
    repeatedKept: keptOfPictures - keptPictures.size,
  }
}
