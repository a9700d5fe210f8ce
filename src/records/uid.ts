import { createHash } from 'node:crypto'
import type { Candidate } from './candidate.js'
import { candidateKey } from './candidate-key.js'

/**
 * Kind of the uids of a dataset: of its pairs each image stands in one (`content`), or an image may stand in several
 * (`pair`), as where duplicates are kept.
 */
export const uidKinds = ['content', 'pair'] as const
export type UidKind = (typeof uidKinds)[number]

/**
 * Name of a kept pair that no dataset changes: 32 lower-case hex digits, which DataComp's tools join by. `content`: the first half of the
 * SHA-256 of the fetched bytes, so two datasets agree on an image. `pair`: of the SHA-256 of that hash, a line feed and the candidate's key.
 */
export function uidOf(
  kind: UidKind,
  sha256: string,
  candidate: Pick<Candidate, 'imageUrl' | 'captions'>,
): string {
  if (kind === 'content') return sha256.slice(0, 32)
  return createHash('sha256')
    .update(`${sha256}\n${candidateKey(candidate)}`)
    .digest('hex')
    .slice(0, 32)
}
