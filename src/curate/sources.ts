import type { StoredFormat, UidKind } from '../records/index.js'
import type { CuratedFrom, Snapshot } from '../shard/index.js'
import type { Alike } from './choose.js'
import { type CurateRequest, defaultBy, publishedRequest } from './request.js'

/** What the sources have in common, and what is made of it. */
export interface Common {
  readonly format: StoredFormat
  /** null = nothing was scored, or not all by one model. */
  readonly modelId: string | null
  /** Every pair reached it; null = there is no such one. */
  readonly threshold: number | null
  readonly uids: UidKind
  /** How alike images of several sources are, of which one stays: as loosely as the loosest of their crawls took it. */
  readonly alike: Alike
  /** ISO 8601: the time of all that is written. */
  readonly createdAt: string
}

/** What several datasets have in common; `message`: why they cannot be put together. Pure. */
export function commonOf(
  snapshots: readonly Snapshot[],
  by: CurateRequest['by'],
): Common | { readonly message: string } {
  const holding = snapshots.filter(({ manifest }) => manifest.samples > 0)
  const [first] = holding
  const format = first?.manifest.format ?? null
  if (first === undefined || format === null) return { message: 'no pair is kept in what is to be curated' }
  const differs = (of: (snapshot: Snapshot) => unknown) => holding.find((other) => of(other) !== of(first))
  const other = differs(({ manifest }) => manifest.format)
  if (other !== undefined) {
    return {
      message: `${first.store.url} holds ${format}, and ${other.store.url} ${other.manifest.format}: a dataset has one format`,
    }
  }
  const scored = differs(({ manifest }) => manifest.modelId)
  if (scored !== undefined && by === defaultBy) {
    const [one, two] = [first, scored].map(({ manifest }) => manifest.modelId ?? 'no model')
    return {
      message: `${first.store.url} is scored by ${one}, and ${scored.store.url} by ${two}: their scores do not compare; say --by COLUMN, what a better pair has more of`,
    }
  }
  const thresholds = holding.map(({ manifest }) => manifest.threshold)
  const dedupes = holding.map(({ manifest }) => manifest.options.dedupe)
  const isPair = holding.some(({ uids }) => uids === 'pair')
  const lowest = thresholds.reduce((a, b) => (a === null || b === null ? null : Math.min(a, b)))
  return {
    format,
    modelId: scored === undefined ? first.manifest.modelId : null,
    threshold: scored === undefined ? (lowest ?? null) : null,
    uids: isPair ? 'pair' : 'content',
    alike: isPair || dedupes.includes('exact') ? 'exact' : 'near',
    createdAt: snapshots.map(({ endedAt }) => endedAt).reduce((a, b) => (a > b ? a : b)),
  }
}

/** `places`: of the snapshots, as they may be published. Pure. */
export function curatedFrom(
  snapshots: readonly Snapshot[],
  places: readonly string[],
  request: CurateRequest,
): CuratedFrom {
  const sources = snapshots.map(({ manifest, digest }, i) => ({
    ...{
      place: places[i] ?? '',
      run: manifest.run,
      generation: manifest.generation,
      manifest_sha256: digest,
    },
  }))
  return { sources, request: publishedRequest(request) }
}

/** What another command, or another state of the sources, was begun with; null = it is the same. Pure. */
export function differenceOf(standing: CuratedFrom, wanted: CuratedFrom): string | null {
  const names = [...new Set([...Object.keys(standing.request), ...Object.keys(wanted.request)])]
  const text = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value))
  const options = names
    .filter((name) => JSON.stringify(standing.request[name]) !== JSON.stringify(wanted.request[name]))
    .map((name) => {
      const [before, now] = [text(standing.request[name]), text(wanted.request[name])]
      return `--${name.replaceAll('_', '-')} was ${before}, and is ${now}`
    })
  if (standing.sources.length !== wanted.sources.length)
    return [...options, `it had ${standing.sources.length} sources, and has ${wanted.sources.length}`].join(
      '; ',
    )
  const changed = wanted.sources.flatMap(({ place, manifest_sha256 }, i) =>
    standing.sources[i]?.manifest_sha256 === manifest_sha256 ? [] : [`${place} is not what it was`],
  )
  const all = [...options, ...changed]
  return all.length === 0 ? null : all.join('; ')
}
