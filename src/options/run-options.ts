import type { z } from 'zod'
import type { SiteRule, Source } from '../crawl/index.js'
import type { Concept } from '../filter/index.js'
import type { RejectListed } from './reject.js'
import { flagOf, type OptionKey, optionKeys, optionOf, type optionTable } from './table.js'

type Read = { readonly [Key in OptionKey]: z.output<(typeof optionTable)[Key]['schema']> }
type Renamed = 'maxTime' | 'lang' | 'contact' | 'shuffleSeed'

/**
 * A run's options with everything filled in; stored with the run, so that a later start can be compared with the first. Plain JSON. A limit
 * of null is none; what else null means stands in the table, in the words of its default.
 */
export interface RunOptions extends Omit<Read, Renamed | keyof Completed>, Completed {}

/** What the table alone does not say: it is read from files, or follows from other options or from where the command was typed. */
interface Completed {
  /** Canonical http(s) URLs, distinct, in the order given; at least one unless there are sources. */
  readonly seeds: readonly string[]
  /** What candidates come from beside pages. */
  readonly sources: readonly Source[]
  /** `pglite:` and an absolute folder; '' = none was named, and `out` is no folder that could hold it. */
  readonly backend: string
  /** What is looked for in images; empty = nothing, null = the default set where the model is CLIP, nothing otherwise. */
  readonly concepts: readonly Concept[] | null
  /** What is taken from the pages of some hosts; empty = of all the same. */
  readonly rules: readonly SiteRule[]
  /** Lists of what is never taken. */
  readonly reject: readonly RejectListed[]
  readonly maxTimeMs: number | null
  readonly imageDelayMs: number
  readonly userAgent: string
  /** ISO 639 codes, sorted; null = all languages. */
  readonly languages: readonly string[] | null
  /** Seed of the shuffle across shards. */
  readonly seed: string
}

export const fieldOf = (key: OptionKey): string => optionOf(key).field ?? key

/** Keys of `RunOptions` that some given options decide. */
export function givenFields(given: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const fields = optionKeys.filter((key) => key in given).map(fieldOf)
  // Unless it is given, the delay of images follows that of pages.
  return new Set(fields.includes('delayMs') ? [...fields, 'imageDelayMs'] : fields)
}

/** The flag that sets a key of `RunOptions`; the key itself where none does. */
export function flagOfField(field: string): string {
  if (field === 'seeds') return '<seed...>'
  if (field === 'sources') return '<LIST...>, <PATH...>'
  const key = optionKeys.find((known) => fieldOf(known) === field)
  return key === undefined ? field : flagOf(key)
}
