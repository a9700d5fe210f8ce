import type { Found } from '../backend/index.js'
import { captionKey, type TextJudge } from '../filter/index.js'
import { type Candidate, candidateKey, hostOf } from '../records/index.js'

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
