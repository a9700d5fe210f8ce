import { createHash } from 'node:crypto'
import type { Candidate } from './candidate.js'

/**
 * Identity of a candidate within a run: 32 lower-case hex digits (128 bits of SHA-256 over the image URL and
 * every caption with its source; the context of a picture differs from page to page and does not count). Equal on every
 * machine and version.
 */
export function candidateKey(candidate: Pick<Candidate, 'imageUrl' | 'captions'>): string {
  const hash = createHash('sha256')
  const captions = candidate.captions.filter(({ source }) => source !== 'context')
  hash.update(JSON.stringify([candidate.imageUrl, captions.map((c) => [c.source, c.text])]))
  return hash.digest('hex').slice(0, 32)
}
