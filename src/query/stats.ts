import { stemOf, tarName } from '../shard/index.js'
import type { Row } from './cell.js'
import { type Counted, type Distribution, distributionOf, shareFrom, thresholdsFor } from './distribution.js'
import type { Tables } from './tables.js'

/** A name and how many rows have it, most first; null = what has none. */
export interface Count {
  readonly name: string | null
  readonly count: number
}

/** Spread of the scores in one language, or in all pairs. */
interface ScoreSpread {
  /** null = all pairs. */
  readonly language: string | null
  readonly count: number
  readonly p5: number
  readonly p25: number
  readonly p50: number
  readonly p75: number
  readonly p95: number
  /** Share of the pairs that each of the thresholds would keep, 0 to 1. */
  readonly keeps: readonly number[]
}

/** Figures of a dataset. Those of pairs are of the kept ones. */
export interface DatasetStats {
  readonly shards: number
  /** Of the tars, of the pictures in them, and of all files that are committed. */
  readonly bytes: { readonly tars: number; readonly pictures: number; readonly files: number }
  readonly funnel: {
    /** Pages that were decided about, and what became of them. */
    readonly pages: number
    readonly outcomes: readonly Count[]
    /** Pictures with captions on the pages that were read; each as often as it stands there. */
    readonly found: number
    readonly candidates: number
    readonly fetched: number
    readonly scored: number
    readonly kept: number
  }
  readonly reasons: readonly Count[]
  /** null = nothing has such a figure. */
  readonly scores: Distribution | null
  /** Shorter side of the picture as it was fetched, in pixels. */
  readonly sides: Distribution | null
  /** Width by height. */
  readonly aspects: Distribution | null
  /** Characters of the caption. */
  readonly captionLengths: Distribution | null
  readonly languages: readonly Count[]
  readonly pageHosts: HostCounts
  readonly imageHosts: HostCounts
  readonly captionSources: readonly CaptionSourceStats[]
  readonly duplicates: {
    /** Kept pictures that others repeat, and the rows that repeat them. */
    readonly groups: number
    readonly rows: number
    /** Groups by how many pictures they have, the kept one with them. */
    readonly sizes: readonly { readonly size: number; readonly groups: number }[]
    readonly largest: readonly {
      readonly key: string | null
      readonly caption: string
      readonly size: number
    }[]
    /** Pairs that share their perceptual hash with another pair. */
    readonly samePhash: number
  }
  readonly thresholds: readonly number[]
  readonly scoreSpreads: readonly ScoreSpread[]
}

/** Figures that a report has too: those that cost a statement more are left out. */
export type DatasetCounts = Pick<
  DatasetStats,
  | 'shards'
  | 'bytes'
  | 'funnel'
  | 'reasons'
  | 'sides'
  | 'aspects'
  | 'captionLengths'
  | 'languages'
  | 'captionSources'
> & { readonly duplicates: Pick<DatasetStats['duplicates'], 'groups' | 'rows' | 'sizes'> }

interface HostCounts {
  readonly hosts: number
  readonly top: readonly Count[]
}

interface CaptionSourceStats {
  readonly source: string
  /** Pairs whose caption it is. */
  readonly captions: number
  /** Texts of it beside kept pictures, and the mean score of those that were scored; null = none was. */
  readonly texts: number
  readonly meanScore: number | null
}

const hundredth = 0.01
const mostHosts = 10
const mostSpreads = 8

/**
 * The canned statements. What is spread is counted by its value, rounded where it has many, so that memory stays flat and percentiles are exact;
 * a score is rounded down to 0.0001, so that a threshold of four digits keeps what it keeps.
 */
const sql = {
  funnel: `select count(*) as candidates, count(sha256) as fetched, count(clip_score) as scored,
    count(*) filter (error_message is null) as kept, coalesce(sum(stored_bytes), 0) as pictures from candidates`,
  pages:
    'select outcome as name, count(*) as count, coalesce(sum(candidates), 0) as found from pages group by 1 order by 2 desc, 1',
  reasons: 'select error_message as name, count(*) as count from rejected group by 1 order by 2 desc, 1',
  scores: `select coalesce(language, 'und') as language, floor(round(clip_score * 1e9) / 1e5) / 1e4 as value, count(*) as count
    from pairs where clip_score is not null group by 1, 2 order by 1, 2`,
  sides: `select least(coalesce(original_width, width), coalesce(original_height, height)) as value, count(*) as count
    from pairs group by 1 having value is not null order by 1`,
  aspects: `select round(coalesce(original_width, width) / coalesce(original_height, height), 2) as value, count(*) as count
    from pairs group by 1 having value is not null order by 1`,
  captionLengths:
    'select length(caption) as value, count(*) as count from pairs group by 1 having value is not null order by 1',
  languages:
    "select coalesce(language, 'und') as name, count(*) as count from pairs group by 1 order by 2 desc, 1",
  hosts: (column: 'page_host' | 'image_host') =>
    `select ${column} as name, count(*) as count, count(${column}) over () as hosts from pairs group by 1 order by 2 desc, 1 limit ${mostHosts}`,
  // A sum of whole numbers is the same in whatever order it is added up.
  captionSources: `with texts as (select unnest(captions) as text from pairs)
    select text.source as source, count(*) as texts, avg(try_cast(round(text.score * 1e9) as bigint)) / 1e9 as meanScore from texts group by 1`,
  captions: `select list_filter(captions, lambda one: one.text = caption)[1].source as source, count(*) as captions from pairs group by 1`,
  groups: `select size, count(*) as groups from (
    select count(*) + 1 as size from rejected where duplicate_of is not null group by duplicate_of) group by 1 order by 1`,
  largest: `with groups as (select duplicate_of as kept, count(*) + 1 as size from rejected where duplicate_of is not null
      group by 1 order by 2 desc, 1 limit 5)
    select any_value(key) as key, any_value(caption) as caption, any_value(size) as size
    from groups join pairs on sha256 = kept group by kept order by 3 desc, 1`,
  samePhash: `select coalesce(sum(pairs), 0) as pairs from (
    select count(*) as pairs from pairs where phash is not null group by phash having count(*) > 1)`,
} as const

type Ask = (step: string, text: string) => Promise<Row[]>

const askOf =
  (tables: Pick<Tables, 'rows'>, onStep: (step: string) => void): Ask =>
  async (step, text) => {
    onStep(step)
    const all: Row[] = []
    for await (const rows of tables.rows(text)) all.push(...rows)
    return all
  }

/** Reads them, one statement after the other. `onStep`: which one goes on. */
export async function readStats(
  tables: Tables,
  onStep: (step: string) => void = () => {},
): Promise<DatasetStats> {
  const ask = askOf(tables, onStep)
  const hosts = async (column: 'page_host' | 'image_host'): Promise<HostCounts> => {
    const rows = await ask('hosts', sql.hosts(column))
    return { hosts: Number(rows[0]?.hosts ?? 0), top: rows.map(countOf) }
  }
  const counts = await readCounts(tables, onStep)
  return {
    ...counts,
    pageHosts: await hosts('page_host'),
    imageHosts: await hosts('image_host'),
    duplicates: {
      ...counts.duplicates,
      largest: (await ask('duplicates', sql.largest)).map((row) => ({
        key: row.key === null ? null : String(row.key),
        caption: String(row.caption),
        size: Number(row.size),
      })),
      samePhash: Number((await ask('duplicates', sql.samePhash))[0]?.pairs ?? 0),
    },
    ...scoresOf(await ask('scores', sql.scores)),
  }
}

/** The same without what only `stats` shows. */
export async function readCounts(tables: Tables, onStep: (step: string) => void): Promise<DatasetCounts> {
  const ask = askOf(tables, onStep)
  const spread = async (step: string, text: string, leastStep: number) =>
    distributionOf((await ask(step, text)).map(countedOf), leastStep)
  const [funnel = {}] = await ask('funnel', sql.funnel)
  const pages = await ask('pages', sql.pages)
  const sizes = (await ask('duplicates', sql.groups)).map((row) => ({
    size: Number(row.size),
    groups: Number(row.groups),
  }))
  const { shards, bytes } = contentsOf(tables)
  return {
    shards,
    bytes: { ...bytes, pictures: Number(funnel.pictures) },
    funnel: {
      pages: sum(pages.map((row) => Number(row.count))),
      outcomes: pages.map(countOf),
      found: sum(pages.map((row) => Number(row.found))),
      candidates: Number(funnel.candidates),
      fetched: Number(funnel.fetched),
      scored: Number(funnel.scored),
      kept: Number(funnel.kept),
    },
    reasons: (await ask('reasons', sql.reasons)).map(countOf),
    sides: await spread('sides', sql.sides, 1),
    aspects: await spread('aspects', sql.aspects, hundredth),
    captionLengths: await spread('captions', sql.captionLengths, 1),
    languages: (await ask('languages', sql.languages)).map(countOf),
    captionSources: captionSourcesOf(
      await ask('captions', sql.captionSources),
      await ask('captions', sql.captions),
    ),
    duplicates: {
      groups: sum(sizes.map(({ groups }) => groups)),
      rows: sum(sizes.map(({ size, groups }) => (size - 1) * groups)),
      sizes,
    },
  }
}

function contentsOf({ committed }: Tables): Pick<DatasetStats, 'shards' | 'bytes'> {
  const entries = committed.flatMap((one) => one.entries)
  const files = [...entries.flatMap((entry) => entry.files), ...committed.flatMap((one) => one.pages)]
  // Of pairs alone: an entry may name a tar of other pictures too.
  const tars = entries.flatMap((entry) => entry.files.filter(({ name }) => name === tarName(stemOf(entry))))
  const size = (of: readonly { readonly size: number }[]) => sum(of.map((file) => file.size))
  return {
    shards: entries.filter(({ shard }) => shard !== null).length,
    bytes: { tars: size(tars), pictures: 0, files: size(files) },
  }
}

function scoresOf(rows: readonly Row[]): Pick<DatasetStats, 'scores' | 'thresholds' | 'scoreSpreads'> {
  const byLanguage = new Map<string, Counted[]>()
  const all = new Map<number, number>()
  for (const row of rows) {
    const [value, count] = countedOf(row)
    const language = String(row.language)
    const of = byLanguage.get(language)
    if (of === undefined) byLanguage.set(language, [[value, count]])
    else of.push([value, count])
    all.set(value, (all.get(value) ?? 0) + count)
  }
  const counted = [...all].sort(([a], [b]) => a - b)
  const scores = distributionOf(counted, hundredth)
  if (scores === null) return { scores, thresholds: [], scoreSpreads: [] }
  const thresholds = thresholdsFor(scores)
  const spreadOf = (language: string | null, of: readonly Counted[]): ScoreSpread[] => {
    const spread = distributionOf(of, hundredth)
    if (spread === null) return []
    const { count, p5, p25, p50, p75, p95 } = spread
    return [{ language, count, p5, p25, p50, p75, p95, keeps: thresholds.map((one) => shareFrom(of, one)) }]
  }
  const languages = [...byLanguage]
    .flatMap(([language, of]) => spreadOf(language, of))
    .sort((a, b) => b.count - a.count || ((a.language ?? '') < (b.language ?? '') ? -1 : 1))
  return {
    scores,
    thresholds,
    scoreSpreads: [...spreadOf(null, counted), ...languages.slice(0, mostSpreads)],
  }
}

function captionSourcesOf(texts: readonly Row[], captions: readonly Row[]): CaptionSourceStats[] {
  const captionsOf = new Map(captions.map((row) => [row.source, Number(row.captions)]))
  return texts
    .map((row) => ({
      source: String(row.source),
      captions: captionsOf.get(row.source ?? null) ?? 0,
      texts: Number(row.texts),
      meanScore: row.meanScore === null ? null : Number(row.meanScore),
    }))
    .sort((a, b) => b.captions - a.captions || b.texts - a.texts || (a.source < b.source ? -1 : 1))
}

const countedOf = (row: Row): Counted => [Number(row.value), Number(row.count)]
const countOf = (row: Row): Count => ({
  name: row.name === null || row.name === undefined ? null : String(row.name),
  count: Number(row.count),
})
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
