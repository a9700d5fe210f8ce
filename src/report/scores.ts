import { type Ask, listIn, numberIn, structIn, textIn, textOrNull } from './ask.js'
import { winningSource } from './cards.js'
import type { Notch, ScoreGroup } from './page-data.js'

/** A pair by its score and key. */
export interface ScoredKey {
  readonly score: number
  readonly key: string
}

/** Pairs of one bin of 0.01 that are nearest to its ends. */
interface NearEnds {
  /** Ascending. */
  readonly lowest: readonly ScoredKey[]
  /** Descending. */
  readonly highest: readonly ScoredKey[]
}

/** Counts of one bin. */
interface BinCounts {
  readonly kept: number
  readonly low: number
}

/** A group of scores before its pairs have cards. */
export interface KeyedGroup extends Omit<ScoreGroup, 'notches'> {
  readonly notches: readonly KeyedNotch[]
}

interface KeyedNotch extends Omit<Notch, 'above' | 'below'> {
  readonly above: readonly string[]
  readonly below: readonly string[]
}

/** Pairs that are shown on either side of a threshold, at most. */
export const mostNearest = 12
/** Groups of one kind, at most. */
const mostGroups = 8

/**
 * Bin of a score: the number of hundredths that it is not below, by the same comparison of doubles by which `clip_score >= 0.29` decides. To
 * multiply alone would not do: 0.29 times 100 is less than 29.
 */
const binOf = `(floor(clip_score * 100)::integer
  + case when clip_score >= (floor(clip_score * 100) + 1) / 100 then 1
         when clip_score < floor(clip_score * 100) / 100 then -1 else 0 end)`

const scored = `select clip_score, key, error_message is null as kept, ${binOf} as bin,
    coalesce(language, 'und') as language, coalesce(${winningSource}, '') as source
  from candidates where isfinite(clip_score) and (error_message is null or error_message = 'score_low')`

const nearSql = (by: 'language' | 'source' | null): string => {
  const name = by === null ? 'null' : by
  return `select ${name} as name, bin, min({score: clip_score, key: key}, ${mostNearest}) as lowest,
      max({score: clip_score, key: key}, ${mostNearest}) as highest
    from (${scored}) where kept ${by === null ? '' : `and list_contains(?, ${by})`} group by 1, 2 order by 1, 2`
}

/** Groups of the scores of pairs, with the keys of those nearest to each threshold; empty where nothing is scored. */
export async function readScores(ask: Ask): Promise<readonly KeyedGroup[]> {
  const rows = await ask(
    'scores',
    `select language, source, bin, count(*) filter (kept) as kept, count(*) filter (not kept) as low
      from (${scored}) group by 1, 2, 3 order by 1, 2, 3`,
  )
  const groups: KeyedGroup[] = []
  for (const kind of ['all', 'language', 'source'] as const) {
    const counts = new Map<string, Map<number, BinCounts>>()
    for (const row of rows) {
      const name = kind === 'all' ? '' : textIn(row[kind])
      const bins = counts.get(name) ?? new Map<number, BinCounts>()
      counts.set(name, bins)
      const had = bins.get(numberIn(row.bin)) ?? { kept: 0, low: 0 }
      bins.set(numberIn(row.bin), {
        kept: had.kept + numberIn(row.kept),
        low: had.low + numberIn(row.low),
      })
    }
    const named = [...counts]
      .map(([name, bins]) => ({ name, bins, pairs: sum([...bins.values()].map(({ kept }) => kept)) }))
      .filter(({ pairs }) => pairs > 0)
      .sort((a, b) => b.pairs - a.pairs || (a.name < b.name ? -1 : 1))
      .slice(0, kind === 'all' ? 1 : mostGroups)
    // One language alone is all pairs again.
    if (kind !== 'all' && named.length < 2) continue
    const ends = await readEnds(ask, kind, named)
    for (const { name, bins } of named)
      groups.push(keyedGroup(kind, name === '' ? null : name, bins, ends.get(name) ?? new Map()))
  }
  return groups
}

async function readEnds(
  ask: Ask,
  kind: ScoreGroup['kind'],
  named: readonly { readonly name: string }[],
): Promise<ReadonlyMap<string, ReadonlyMap<number, NearEnds>>> {
  const rows =
    kind === 'all'
      ? await ask('nearest pairs', nearSql(null))
      : await ask('nearest pairs', nearSql(kind), [named.map(({ name }) => name)])
  const ends = new Map<string, Map<number, NearEnds>>()
  for (const row of rows) {
    const name = textOrNull(row.name) ?? ''
    const bins = ends.get(name) ?? new Map<number, NearEnds>()
    ends.set(name, bins)
    const keys = (cell: (typeof row)[string] | undefined) =>
      listIn(cell).map((one) => ({ score: numberIn(structIn(one).score), key: textIn(structIn(one).key) }))
    bins.set(numberIn(row.bin), { lowest: keys(row.lowest), highest: keys(row.highest) })
  }
  return ends
}

/** Group of counted bins, of which at least one has a pair. Pure. */
export function keyedGroup(
  kind: ScoreGroup['kind'],
  name: string | null,
  bins: ReadonlyMap<number, BinCounts>,
  ends: ReadonlyMap<number, NearEnds>,
): KeyedGroup {
  const numbers = [...bins.keys()]
  const [first, last] = [Math.min(...numbers), Math.max(...numbers)]
  const at = Array.from({ length: last - first + 1 }, (_, i) => bins.get(first + i) ?? { kept: 0, low: 0 })
  const kept = at.map((bin) => bin.kept)
  const notches = notchesOf(first, kept).map((notch) => ({
    ...notch,
    above: nearest(ends, notch.at, last, 1),
    below: nearest(ends, notch.at - 1, first, -1),
  }))
  return { kind, name, pairs: sum(kept), first, kept, low: at.map((bin) => bin.low), notches }
}

/**
 * Thresholds between the 1st and the 99th percentile of the pairs: whole hundredths above the bin of the one, up to the bin of the other; at least
 * one. `keeps`: pairs with this score or a higher one. Pure.
 */
export function notchesOf(
  first: number,
  kept: readonly number[],
): readonly { readonly at: number; readonly keeps: number }[] {
  const count = sum(kept)
  const low = binAt(kept, Math.max(1, Math.ceil(0.01 * count)))
  const high = binAt(kept, Math.max(1, Math.ceil(0.99 * count)))
  const notches: { at: number; keeps: number }[] = []
  for (let i = Math.min(low + 1, high); i <= high; i++)
    notches.push({ at: first + i, keeps: sum(kept.slice(i)) })
  return notches
}

/** Bin in which the pair of this rank lies, counted from 1 on. */
function binAt(kept: readonly number[], rank: number): number {
  let before = 0
  for (const [i, count] of kept.entries()) {
    before += count
    if (before >= rank) return i
  }
  return Math.max(0, kept.length - 1)
}

/** Keys of the pairs nearest to one end of bin `from`, going on through the bins up to `to`. */
function nearest(
  ends: ReadonlyMap<number, NearEnds>,
  from: number,
  to: number,
  step: 1 | -1,
): readonly string[] {
  const keys: string[] = []
  for (let bin = from; step * (to - bin) >= 0 && keys.length < mostNearest; bin += step) {
    const near = ends.get(bin)
    if (near === undefined) continue
    for (const { key } of step > 0 ? near.lowest : near.highest) {
      if (keys.length < mostNearest) keys.push(key)
    }
  }
  return keys
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
