import type { PageOutcome } from '../records/index.js'

/** Meaning of reasons for people, by reason: of candidates and of pages. */
export interface Meanings {
  readonly candidates: Readonly<Record<string, string>>
  readonly pages: Readonly<Record<string, string>>
}

/** What became of a page. */
export const outcomeMeanings: Readonly<Record<PageOutcome, string>> = {
  read: 'fetched and read',
  redirected: 'led to another page',
  refused: 'robots.txt, an opt-out or a list forbids it',
  skipped: 'could not be fetched, or what came is left out',
  given_up: 'failed as often as it is tried',
  dropped: 'waited when its host was given up, or had given all the pages that it may',
  left_out: 'not within what the run is to crawl',
}

/** A meaning that names an option, with the value that the option has in this dataset: `(--min-side)` becomes `(--min-side 200)`. Pure. */
export function withValue(meaning: string, options: Readonly<Record<string, unknown>>): string {
  return meaning.replace(/\(--([a-z-]+)\)/g, (whole, flag: string) => {
    const value = options[flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())]
    return typeof value === 'number' || typeof value === 'string' ? `(--${flag} ${value})` : whole
  })
}
