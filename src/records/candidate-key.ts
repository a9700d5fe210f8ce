import { createHash } from 'node:crypto'
import type { Candidate } from './candidate.js'

/**
 * Identity of a candidate within a run: 32 lower-case hex digits (128 bits of SHA-256 over the image URL and
 * every caption with its source). Equal on every machine and version.
 */
export function candidateKey(candidate: Pick<Candidate, 'imageUrl' | 'captions'>): string {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([candidate.imageUrl, candidate.captions.map((c) => [c.source, c.text])]))
  return hash.digest('hex').slice(0, 32)
}
