import type { Caption, CaptionSource, TextReason } from '../records/index.js'
import { isFileName, saidIn, sameWords } from './text.js'

/** Why a caption is not scored though it breaks no rule, or which rule it breaks; null = it is. */
export type CaptionVerdict =
  | TextReason
  /** Heading over several pictures. */
  | 'context'
  /** Another one, which was written for the picture, is usable. */
  | 'spare'
  /** Another one says as much in fewer words, or stands nearer. */
  | 'says_no_more'
  | null

export interface JudgedCaption extends Caption {
  /** Words of it that are judged: without the address of its source, or the ending of a file's name. */
  readonly said: string
  readonly verdict: CaptionVerdict
}

/**
 * Sources by how surely they speak of the picture. Those of a later tier count only where no caption of an earlier one is usable. A text
 * that is a file's name falls to the tier of what speaks of the whole page.
 */
const tiers: Readonly<Record<CaptionSource, number>> = {
  rule: 0,
  alt: 1,
  figcaption: 1,
  title: 1,
  'aria-label': 1,
  'json-ld': 1,
  list: 1,
  sitemap: 1,
  feed: 1,
  og: 2,
  heading: 3,
  context: 4,
}
const pageTier = tiers.og

/**
 * Verdict on each text that stood beside a picture, in the order of trust: the first one whose verdict is null is the caption where nothing
 * is scored. Where `breaks` refuses them all, no other verdict but `context` is given. Pure, if `breaks` is.
 */
export function chooseCaptions(
  captions: readonly Caption[],
  breaks: (caption: Caption) => TextReason | null,
): readonly JudgedCaption[] {
  const judged = captions.map((caption) => {
    const own = tiers[caption.source]
    const tier = isFileName(caption.text) ? Math.max(own, pageTier) : own
    const broken = caption.source === 'context' ? 'context' : breaks(caption)
    return { caption, tier, verdict: broken as CaptionVerdict }
  })
  const usable = judged.filter(({ verdict }) => verdict === null)
  const best = Math.min(...usable.map(({ tier }) => tier))
  const chosen: typeof judged = []
  for (const one of usable) {
    if (one.tier > best) {
      one.verdict = 'spare'
      continue
    }
    const same = chosen.findIndex(({ caption }) => sameWords(caption.text, one.caption.text))
    const known = chosen[same]
    if (known === undefined) {
      chosen.push(one)
    } else if (saidIn(one.caption.text).length < saidIn(known.caption.text).length) {
      known.verdict = 'says_no_more'
      chosen[same] = one
    } else {
      one.verdict = 'says_no_more'
    }
  }
  return judged
    .toSorted((a, b) => a.tier - b.tier)
    .map(({ caption, verdict }) => ({ ...caption, said: saidIn(caption.text), verdict }))
}
