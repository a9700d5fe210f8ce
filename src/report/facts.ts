import { type DatasetCounts, type Distribution, readCounts, type Tables } from '../query/index.js'
import { isPictured, type RejectReason, rejectReasons } from '../records/index.js'
import type { Manifest } from '../shard/index.js'
import { type Ask, askOf, numberIn, textIn, textOrNull } from './ask.js'
import { type Meanings, outcomeMeanings, withValue } from './meanings.js'
import type {
  CandidateFacts,
  DatasetFacts,
  DuplicateFacts,
  NamedCount,
  OutcomeFact,
  ReasonFact,
  ReasonGroup,
  ReportData,
  Spread,
} from './page-data.js'

/** Facts that are counts alone: no row of the dataset stands in them. */
type CountedFacts = Pick<
  ReportData,
  | 'dataset'
  | 'pages'
  | 'candidates'
  | 'sides'
  | 'aspects'
  | 'captionLengths'
  | 'languages'
  | 'captionSources'
  | 'words'
  | 'wordsEvery'
  | 'options'
> & {
  readonly reasons: readonly Omit<ReasonFact, 'cards'>[]
  readonly duplicates: Omit<DuplicateFacts, 'largest'>
}

interface FactsCall {
  /** As commands take the dataset. */
  readonly place: string
  /** null = it has none that can be read: its run has not described it yet. */
  readonly manifest: Manifest | null
  readonly meanings: Meanings
}

const mostWords = 80
/** Letters of a word, at least: shorter ones are mostly articles. */
const fewestLetters = 3

/** Captions in which words are looked for: of more than these as many as are spread evenly over the keys. A million of other letters than English ones would take half a minute. */
const mostWordCaptions = 100_000

const wordsIn = (letters: string): string =>
  `regexp_extract_all(lower(left(caption, 1000)), '[${letters}]{${fewestLetters},40}')`

/** Where each character is one byte, there are no letters but these, and they are found ten times as fast. */
const wordsSql = `select word as name, count(*) as count from (
    select unnest(list_distinct(case when strlen(caption) = length(caption) then ${wordsIn('a-z')}
      else ${wordsIn('\\p{L}\\p{M}')} end)) as word from pairs
      where coalesce(try_cast(key as bigint), 0) % ? = 0)
  group by 1 order by 2 desc, 1 limit ${mostWords}`

const pagesSql = `select outcome, case when outcome in ('read', 'redirected') then null else left(reason, 60) end as reason, count(*) as count
  from pages group by 1, 2 order by 3 desc, 1, 2 limit 60`

const fetchedSql = 'select min(fetched_at) as first, max(fetched_at) as last from candidates'

/** Reads the counts of a dataset, one statement after the other. */
export async function readFacts(
  tables: Tables,
  { place, manifest, meanings }: FactsCall,
  onStep: (step: string) => void,
): Promise<CountedFacts> {
  const ask = askOf(tables, onStep)
  const counts = await readCounts(tables, onStep)
  const options = manifest?.options ?? {}
  const reasons = reasonFacts(counts.reasons, meanings.candidates, {
    ...options,
    threshold: options.threshold ?? manifest?.threshold ?? null,
  })
  return {
    dataset: await datasetFacts(ask, place, manifest, counts),
    pages: {
      decided: counts.funnel.pages,
      read: counts.funnel.outcomes.find(({ name }) => name === 'read')?.count ?? 0,
      found: counts.funnel.found,
      outcomes: (await ask('pages', pagesSql)).map((row) =>
        outcomeFact(textIn(row.outcome), textOrNull(row.reason), numberIn(row.count), meanings.pages),
      ),
    },
    candidates: candidateFacts(counts.funnel.candidates, counts.funnel.kept, reasons),
    reasons,
    duplicates: {
      groups: counts.duplicates.groups,
      rows: counts.duplicates.rows,
      sizes: counts.duplicates.sizes,
    },
    sides: spreadOf(counts.sides),
    aspects: spreadOf(counts.aspects),
    captionLengths: spreadOf(counts.captionLengths),
    languages: counts.languages,
    captionSources: counts.captionSources.map(({ meanScore, ...source }) => ({
      ...source,
      meanScore: meanScore === null ? null : Number(meanScore.toFixed(4)),
    })),
    wordsEvery: everyOf(counts.funnel.kept),
    words: (await ask('words', wordsSql, [everyOf(counts.funnel.kept)])).map(
      (row): NamedCount => ({ name: textIn(row.name), count: numberIn(row.count) }),
    ),
    options: optionTexts(options),
  }
}

/** Each pair of a small dataset, each so-manieth of a large one. Pure. */
const everyOf = (pairs: number): number => Math.max(1, Math.ceil(pairs / mostWordCaptions))

async function datasetFacts(
  ask: Ask,
  place: string,
  manifest: Manifest | null,
  { shards, bytes, funnel }: DatasetCounts,
): Promise<DatasetFacts> {
  const [{ first = null, last = null } = {}] = await ask('times', fetchedSql)
  const [from, to] = [textOrNull(first), textOrNull(last)]
  return {
    place,
    run: manifest?.run ?? '',
    isComplete: manifest?.complete ?? null,
    pairs: funnel.kept,
    shards,
    bytes: bytes.tars,
    modelId: manifest?.modelId ?? null,
    threshold: manifest?.threshold ?? null,
    generation: manifest === null || manifest.generation === 0 ? null : manifest.generation,
    curatedFrom: (manifest?.curated_from?.sources ?? []).map((source) => source.place),
    fetched: from === null || to === null ? null : { from, to },
  }
}

/** Groups of reasons in the order in which a candidate meets most of them. */
const groups = {
  text: rejectReasons.text,
  download: rejectReasons.download,
  image: rejectReasons.image,
  duplicate: ['duplicate_exact', 'duplicate_near'],
  model: ['score_low', 'concept_dropped', 'concept_missing'],
} as const satisfies Record<string, readonly RejectReason[]>

/** Reasons of no other group, and those of a version that this one does not know. */
const otherGroup = 'other'

/** Pure. */
export function groupOf(reason: string): string {
  const found = Object.entries(groups).find(([, of]) => (of as readonly string[]).includes(reason))
  return found?.[0] ?? otherGroup
}

/** Pure. */
export function candidateFacts(
  all: number,
  kept: number,
  reasons: readonly Pick<ReasonFact, 'group' | 'count'>[],
): CandidateFacts {
  let left = all
  const facts = [...Object.keys(groups), otherGroup].map((id): ReasonGroup => {
    const rejected = reasons.reduce((sum, { group, count }) => (group === id ? sum + count : sum), 0)
    left -= rejected
    return { id, rejected, left }
  })
  return { all, groups: facts.filter(({ rejected }) => rejected > 0), kept }
}

/** Pure. */
export function reasonFacts(
  counts: readonly NamedCount[],
  meanings: Readonly<Record<string, string>>,
  options: Readonly<Record<string, unknown>>,
): readonly Omit<ReasonFact, 'cards'>[] {
  return counts.flatMap(({ name, count }) => {
    if (name === null) return []
    const meaning = Object.hasOwn(meanings, name) ? (meanings[name] ?? '') : ''
    return [
      {
        reason: name.slice(0, 60),
        group: groupOf(name),
        meaning: withValue(meaning, options),
        count,
        pictures: isPictured(name) ? ('shown' as const) : isUnseen(name) ? 'unseen' : 'withheld',
      },
    ]
  })
}

/** Whether there was no picture to look at. */
function isUnseen(reason: string): boolean {
  const group = groupOf(reason)
  return group === 'text' || group === 'image' || (group === 'download' && !refusing.has(reason))
}

const refusing: ReadonlySet<string> = new Set([
  'robots',
  'robots_unreachable',
  'opt_out',
  'opt_out_unreachable',
  'address_refused',
])

function outcomeFact(
  outcome: string,
  reason: string | null,
  count: number,
  meanings: Readonly<Record<string, string>>,
): OutcomeFact {
  const texts: Readonly<Record<string, string>> = outcomeMeanings
  const whole = Object.hasOwn(texts, outcome) ? (texts[outcome] ?? '') : ''
  const own = reason !== null && Object.hasOwn(meanings, reason) ? (meanings[reason] ?? whole) : whole
  return { outcome, reason, meaning: own, count }
}

function spreadOf(distribution: Distribution | null): Spread | null {
  if (distribution === null) return null
  const { count, min, p5, p50, p95, max, step, below, bins, above } = distribution
  return { count, min, p5, p50, p95, max, step, below, bins, above }
}

const mostListed = 20
const mostValue = 400

/** Options as texts, by name; what is a list of many is cut. Pure. */
export function optionTexts(
  options: Readonly<Record<string, unknown>>,
): readonly (readonly [name: string, value: string])[] {
  return Object.entries(options)
    .map(([name, value]) => [name.slice(0, 60), valueText(value).slice(0, mostValue)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, 100)
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'not set'
  if (!Array.isArray(value)) return typeof value === 'object' ? JSON.stringify(value) : String(value)
  if (value.length === 0) return 'none'
  const shown = value.slice(0, mostListed).map(valueText).join(', ')
  return value.length > mostListed ? `${shown}, and ${value.length - mostListed} more` : shown
}
