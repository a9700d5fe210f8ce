import type { TruthScore } from './truth.js'

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

/** What a run on the demo web got right, for people; a line each. */
export function renderTruthScore(score: TruthScore, forbiddenRequests: number): readonly string[] {
  const { kept, keptRight, keptWrong, wanted, wantedKept, offeredWrong } = score
  return [
    'Against the truth of the demo web',
    `  precision  ${percent(score.precision)}  ${keptRight} of ${kept} kept pairs have a right text; ${keptWrong} wrong ones got through, of ${offeredWrong} offered`,
    `  recall     ${percent(score.recall)}  ${wantedKept} of ${wanted} pictures that stand whole beside a right text were kept with one`,
    `  manners    ${forbiddenRequests} requests for what robots.txt forbids; ${score.forbiddenKept} pictures kept against the site's word`,
  ]
}
