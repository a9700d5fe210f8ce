/** A list of what a run may never take, as its options name it: what is on it lies beside the dataset, under its hash. */
export interface RejectListed {
  /** Of the file that was given, without its folder. */
  readonly name: string
  readonly sha256: string
  /** Distinct ones. */
  readonly entries: number
}

/** Lists of a run with those that are added: one that holds once holds for good, whether a later command names it or not. Pure. */
export function joinedLists(had: readonly RejectListed[], added: readonly RejectListed[]): RejectListed[] {
  const known = new Set(had.map(({ sha256 }) => sha256))
  return [...had, ...added.filter(({ sha256 }) => !known.has(sha256))]
}
