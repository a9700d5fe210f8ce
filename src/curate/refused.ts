import {
  createRefusals,
  createRejectList,
  noRejectEntries,
  type RejectEntries,
  type Row,
  refusalOfRow,
  unionOfEntries,
  withoutRetractedLicence,
} from '../records/index.js'
import type { Snapshot } from '../shard/index.js'

/** What never comes into a dataset: of a list, and what was taken back from any of its sources. */
export interface Refused {
  /** Nothing is refused. */
  readonly isEmpty: boolean
  /** Tombstones of all sources, which the new dataset has too. */
  readonly tombstones: RejectEntries
  /** Whether a row is refused, by all that it knows of its image and page. An MD5 of a list covers none: rows have none. */
  has(row: RefusableRow): boolean
  /** The row without a licence that lies where something was taken back. */
  withoutLicence(row: Row): Row
}

export type RefusableRow = Pick<Row, 'url' | 'pageUrl' | 'sha256' | 'phash' | 'uid'>

/** `listed` null = there is no list. Pure. */
export function refusedIn(
  snapshots: readonly Pick<Snapshot, 'tombstones'>[],
  listed: RejectEntries | null,
): Refused {
  const tombstones = unionOfEntries(snapshots.map((snapshot) => snapshot.tombstones))
  const lists = [listed ?? noRejectEntries, tombstones].map(createRejectList)
  const [list = createRejectList(noRejectEntries), retracted = list] = lists
  const refusals = createRefusals(list, retracted)
  return {
    isEmpty: lists.every(({ isEmpty }) => isEmpty),
    tombstones,
    has: (row) => refusalOfRow(refusals, row) !== null,
    withoutLicence: (row) => withoutRetractedLicence(refusals, row),
  }
}
