import { cellOf, isEmptyCell } from '../../records/index.js'
import { pairOf, type StoredPair } from '../../shard/index.js'
import type { CaptionScore, PairRecord, PermissionRow } from './explore-data.js'
import type { Explored } from './explored.js'
import { Refusal } from './problem.js'

/** A kept pair as it stands in its tar. Throws Refusal, UnreadableDataset. */
export async function storedPair(explored: Explored, key: string, signal: AbortSignal): Promise<StoredPair> {
  const { contents, store } = explored
  if (contents.shards.length === 0) throw new Refusal(404, 'nothing is committed yet')
  const gone = () => new Refusal(410, `the pair ${key} was taken back: nothing will have its key again`)
  const answer = await pairOf(store, contents.shards, key, signal)
  if (answer.kind === 'absent') throw new Refusal(404, `there is no pair ${key}: ${answer.why}`)
  if (answer.kind === 'taken' || !explored.isLive(key)) throw gone()
  const text = (value: unknown) => (typeof value === 'string' ? value : null)
  const { url, page_url, sha256, phash, uid } = answer.record
  const identity = {
    ...{ url: text(url) ?? '', pageUrl: text(page_url), sha256: text(sha256) },
    ...{ phash: text(phash), uid: text(uid) },
  }
  if (contents.isRefused(identity)) throw gone()
  return answer
}

/** Fields that have a place of their own. */
const apart = new Set(['caption', 'captions', 'permission', 'page_permission', 'key'])
const mostText = 20_000

/** All that is known of a pair, in texts that are cut. Pure. */
export function pairRecord({ key, shard, record }: StoredPair): PairRecord {
  // The flat captions repeat the list.
  const others = Object.entries(record).filter(
    ([name, value]) => !apart.has(name) && !name.startsWith('caption_') && !isEmptyCell(value),
  )
  return {
    key,
    shard,
    caption: textOf(record.caption),
    captions: captionsOf(cellOf(record.captions)),
    permissions: [
      ...permissionsOf('picture', cellOf(record.permission)),
      ...permissionsOf('page', cellOf(record.page_permission)),
    ],
    fields: others.map(([name, value]) => [name, textOf(value)]),
  }
}

function captionsOf(value: unknown): CaptionScore[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((one: unknown) => {
    if (typeof one !== 'object' || one === null) return []
    const { source, text, score } = one as Readonly<Record<string, unknown>>
    return [{ source: textOf(source), text: textOf(text), score: typeof score === 'number' ? score : null }]
  })
}

function permissionsOf(what: PermissionRow['what'], value: unknown): PermissionRow[] {
  if (typeof value !== 'object' || value === null) return []
  const said = value as Readonly<Record<string, unknown>>
  return [
    {
      what,
      rule: textOf(said.rule),
      value: textOf(said.value),
      source: textOf(said.source),
      checkedAt: textOf(said.checked_at ?? said.checkedAt),
    },
  ]
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  return (typeof value === 'object' ? JSON.stringify(value) : String(value)).slice(0, mostText)
}
