import { createHash } from 'node:crypto'
import type { Tables } from '../query/index.js'
import {
  createRefusals,
  createRejectList,
  noRejectEntries,
  type RejectEntries,
  refusalOfRow,
} from '../records/index.js'
import {
  changeText,
  changeUnderWay,
  parseRetracted,
  readManifest,
  retractedName,
  type Store,
} from '../shard/index.js'
import { askOf } from './ask.js'
import type { Shown } from './cards.js'
import { type KeyedDuplicates, readDuplicates } from './duplicates.js'
import { readFacts } from './facts.js'
import { Album, keptByChance, pairsByKey, type RejectedShown, rejectedByReason } from './gallery.js'
import { readHosts, readRefusals } from './hosts.js'
import type { Meanings } from './meanings.js'
import type { CardNumber, DuplicateGroup, ReportData } from './page-data.js'
import { type KeyedGroup, mostNearest, readScores } from './scores.js'

export interface ReportCall {
  /** As commands take the dataset. */
  readonly place: string
  readonly store: Store
  /** Of the same dataset. */
  readonly tables: Tables
  readonly meanings: Meanings
  /** What goes on, for people who wait. */
  onStep(step: string): void
}

/** A dataset that cannot be shown now. */
export interface NotShown {
  readonly kind: 'not-shown'
  /** Why, and what to do. */
  readonly message: string
}

/** Pairs of which a picture is shown, at most, where fewer will do. */
const mostPairs = 1_500

/**
 * All that a report shows. Nothing that was taken back comes into it: a dataset of which something is being taken back is not shown, and tombstones
 * that are not carried out yet hide what they name. Throws UnreadableDataset, SqlError.
 */
export async function readReport(call: ReportCall, signal: AbortSignal): Promise<ReportData | NotShown> {
  const { store, onStep } = call
  // Its statements end with it.
  const tables: Tables = { ...call.tables, rows: (sql, params) => call.tables.rows(sql, params, signal) }
  const before = await takenBackOf(store, signal)
  if ('kind' in before) return before
  const refusals = createRefusals(createRejectList(noRejectEntries), createRejectList(before.tombstones))
  const isRefusedIdentity = (identity: Shown['identity']) => refusalOfRow(refusals, identity) !== null
  const isRefused = ({ identity }: Shown) => isRefusedIdentity(identity)
  const isRefusedUrl = (url: string) => refusals.ofUrls([url]) !== null
  const ask = askOf(tables, onStep)
  const entries = tables.committed[0]?.entries ?? []

  const manifest = await readManifest(store, signal)
  const facts = await readFacts(tables, { ...call, manifest }, onStep)
  const groups = withinPairs(await readScores(ask), mostPairs)
  const duplicates = await readDuplicates(ask)
  const hosts = await readHosts(ask, (host) => isRefusedUrl(`http://${host}/`))
  const siteRefusals = await readRefusals(ask, isRefusedUrl)
  const rejected = await rejectedByReason({ ask, store, entries }, isRefused, signal)
  const kept = await keptByChance(ask)

  const wanted = [kept, duplicates.map(({ winnerKey }) => winnerKey), ...groups.map(keysOf)]
  const pairs = await pairsByKey(ask, [...new Set(wanted.flat())], isRefused)
  const album = new Album(pairs.size + rejected.size * mostNearest)
  let added = 0
  const onPair = () => onStep(`pictures, ${++added} of ${pairs.size}`)
  const reasons: ReportData['reasons'][number][] = []
  for (const reason of facts.reasons) {
    signal.throwIfAborted()
    const cards = await addRejected(album, rejected.get(reason.reason) ?? [])
    reasons.push({ ...reason, cards })
  }
  for (const keys of wanted) {
    const shown = keys.flatMap((key) => pairs.get(key) ?? [])
    await album.addPairs(store, entries, { shown, onPair }, signal)
  }
  const after = await takenBackOf(store, signal)
  if ('kind' in after) return after
  if (after.digest !== before.digest)
    return notShown(`${store.url}: something was taken back meanwhile: ask for the report again`)
  return {
    ...facts,
    reasons,
    hosts,
    refusals: siteRefusals,
    kept: album.numbersOf(kept),
    scores: groups.map((group) => ({
      ...group,
      notches: group.notches.map((notch) => ({
        ...notch,
        above: album.numbersOf(notch.above),
        below: album.numbersOf(notch.below),
      })),
    })),
    duplicates: {
      ...facts.duplicates,
      largest: duplicates.flatMap((group) => duplicateGroup(group, album, isRefusedIdentity)),
    },
    cards: album.cards,
    pictures: album.pictures,
  }
}

interface TakenBack {
  readonly tombstones: RejectEntries
  /** The same tombstones have the same. */
  readonly digest: string
}

/** What was taken back from a dataset; or why it cannot be told yet. */
async function takenBackOf(store: Store, signal: AbortSignal): Promise<TakenBack | NotShown> {
  const change = await changeUnderWay(store, signal)
  if (change !== null) return notShown(`${store.url}: ${changeText(change)}`)
  const bytes = await store.read(retractedName, signal)
  if (bytes === null) return { tombstones: noRejectEntries, digest: '' }
  const read = parseRetracted(Buffer.from(bytes).toString('utf8'))
  if ('message' in read) return notShown(`${store.url}/${retractedName}: ${read.message}`)
  return { tombstones: read.entries, digest: createHash('sha256').update(bytes).digest('hex') }
}

const notShown = (message: string): NotShown => ({ kind: 'not-shown', message })

const keysOf = ({ notches }: KeyedGroup): readonly string[] =>
  notches.flatMap(({ above, below }) => [...above, ...below])

/**
 * Groups with as many pairs beside each threshold as leave no more than `most` in all, where fewer will do; of all pairs together none is left out. Pure.
 */
export function withinPairs(groups: readonly KeyedGroup[], most: number): readonly KeyedGroup[] {
  for (let perSide = mostNearest; perSide > 0; perSide--) {
    const cut = groups.map((group) => (group.kind === 'all' ? group : cutGroup(group, perSide)))
    if (new Set(cut.flatMap(keysOf)).size <= most) return cut
  }
  return groups.map((group) => (group.kind === 'all' ? group : cutGroup(group, 0)))
}

function cutGroup(group: KeyedGroup, perSide: number): KeyedGroup {
  const notches = group.notches.map((notch) => ({
    ...notch,
    above: notch.above.slice(0, perSide),
    below: notch.below.slice(0, perSide),
  }))
  return { ...group, notches }
}

async function addRejected(album: Album, rejected: readonly RejectedShown[]): Promise<CardNumber[]> {
  const numbers: CardNumber[] = []
  for (const { shown, bytes } of rejected) {
    const number = await album.add(shown, bytes)
    if (number !== null) numbers.push(number)
  }
  return numbers
}

/** Nothing where its winner was taken back. */
function duplicateGroup(
  { winnerKey, rows, losers }: KeyedDuplicates,
  album: Album,
  isRefused: (identity: Shown['identity']) => boolean,
): DuplicateGroup[] {
  const [winner] = album.numbersOf([winnerKey])
  if (winner === undefined) return []
  const left = losers.filter((loser) => !isRefused({ ...loser, phash: null, uid: null }))
  return [{ winner, rows, losers: left.map(({ pageUrl: _, sha256: __, ...loser }) => loser) }]
}
