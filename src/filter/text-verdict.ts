import type { Candidate, TextReason } from '../records/index.js'
import { chooseCaptions, type JudgedCaption } from './choice.js'
import { languageDetector, languageVerdict } from './language.js'
import type { FilterOptions, TextRules } from './options.js'
import { captionVerdict, saidIn } from './text.js'

/** Part of a run's options that decides about texts by themselves. */
export type TextOptions = TextRules & Pick<FilterOptions, 'languages'>

/** Rules of one run that need nothing but a text. */
export interface TextJudge {
  /** Rule that a text breaks; null = none. */
  readonly verdict: (text: string, pageLanguage: string | null) => TextReason | null
  /** Why a candidate is rejected whatever its image is, and however often its texts are repeated in the run; null = it need not be. */
  readonly settled: (candidate: Pick<Candidate, 'captions' | 'pageLanguage'>) => TextReason | null
}

/** Rules of a run, with a memory of the texts that they met: to be made anew for each lot of candidates. */
export async function createTextJudge(options: TextOptions): Promise<TextJudge> {
  const { languages } = options
  // What tells languages apart is large, and a run that takes all of them has no use for it here.
  const detector = languages === null ? null : await languageDetector()
  const judge = (text: string, pageLanguage: string | null): TextReason | null => {
    const broken = captionVerdict(text, options, pageLanguage)
    if (broken !== null || detector === null) return broken
    const detected = detector.detect(saidIn(text))
    return detected.reliable ? languageVerdict(detected.language, languages) : null
  }
  const met = new Map<string, TextReason | null>()
  const verdict: TextJudge['verdict'] = (text, pageLanguage) => {
    const key = `${pageLanguage ?? ''} ${text}`
    let known = met.get(key)
    if (known === undefined) {
      known = judge(text, pageLanguage)
      met.set(key, known)
    }
    return known
  }
  return {
    verdict,
    settled: ({ captions, pageLanguage }) => {
      const reasons = new Set<TextReason | null>()
      for (const { source, text } of captions)
        if (source !== 'context') reasons.add(verdict(text, pageLanguage))
      if (reasons.has(null)) return null
      // Most have one caption; which one of several comes first is looked at where it matters.
      const [reason = null] = reasons
      if (reasons.size < 2) return reason
      return reasonOf(chooseCaptions(captions, ({ text }) => verdict(text, pageLanguage)))
    },
  }
}

/** Rule that the first of them breaks. */
export function reasonOf(judged: readonly JudgedCaption[]): TextReason {
  for (const { verdict } of judged)
    if (verdict !== null && verdict !== 'context' && verdict !== 'spare' && verdict !== 'says_no_more')
      return verdict
  throw new Error('a candidate without captions')
}
