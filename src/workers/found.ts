import type { Found } from '../backend/index.js'
import { captionKey, type TextJudge } from '../filter/index.js'
import {
  type Candidate,
  candidateKey,
  hostOf,
  type Refusals,
  refusalOfCandidate,
  withoutRetractedLicence,
} from '../records/index.js'

/** Candidates without those that were taken back from the dataset, and how many these are. Pure. */
export function takenOf(
  candidates: readonly Candidate[],
  refusals: Refusals,
): { readonly taken: readonly Candidate[]; readonly retracted: number } {
  const taken = candidates
    .filter((candidate) => refusalOfCandidate(refusals, candidate) !== 'retracted')
    .map((candidate) => withoutRetractedLicence(refusals, candidate))
  return { taken, retracted: candidates.length - taken.length }
}

/** A candidate with what the backend knows, deals and counts it by; where its texts alone reject it, no more of it than its row says. Pure but for the judge's memory. */
export function foundOf(candidate: Candidate, judge: Pick<TextJudge, 'settled'>): Found {
  const { imageUrl, captions, pageUrl, licenceUrl, pagePermission } = candidate
  const known = {
    key: candidateKey(candidate),
    texts: [...new Set(captions.map(({ text }) => captionKey(text)))],
  }
  const reason = judge.settled(candidate)
  if (reason === null) return { ...known, host: hostOf(imageUrl), body: candidate }
  const reject = { imageUrl, captions, pageUrl, licenceUrl, reason }
  return { ...known, reject: pagePermission === undefined ? reject : { ...reject, pagePermission } }
}
