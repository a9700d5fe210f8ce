import type { Candidate } from './candidate.js'
import type { TextReason } from './verdict.js'

/** Candidate that its texts reject, whatever its image is: all that its row says of it. */
export interface TextReject
  extends Pick<Candidate, 'imageUrl' | 'captions' | 'pageUrl' | 'licenceUrl' | 'pagePermission'> {
  readonly reason: TextReason
}
