type Eld = typeof import('./eld.js')['eld']

/**
 * Bounds for a certain answer. `letters` = letters at least, a Chinese, Japanese or Korean character counting three;
 * `lead` = of the best language over the second in eld's score (0..1), at least; `leadLetters` = the lead that
 * one letter must have, shrinking with their number. Latin needs more: forty languages share it, and dishes and
 * places carry foreign names ('Sardine Spaghetti' is Italian to eld, by far). Russian never leads
 * Belarusian by much, and a short Russian text is not to pass as anything.
 *
 * Of 5,000 English captions of 43 letters on average 96 % get an answer, 4 a wrong one; with eld's own
 * `isReliable` alone all do, 15 a wrong one, and 74 where they are cut to five words (here: 38 % answered, 6 wrong).
 */
const certainty = {
  latin: { letters: 20, lead: 0.02, leadLetters: 0.8 },
  cyrillic: { letters: 10, lead: 0.005, leadLetters: 0 },
  other: { letters: 10, lead: 0.02, leadLetters: 0 },
}

const letter = /\p{L}/gu
const denseLetter = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu
const latinLetter = /\p{Script=Latin}/gu
const cyrillicLetter = /\p{Script=Cyrillic}/gu

interface DetectedLanguage {
  /** ISO 639-1, or `und` where the text is too short or too mixed to tell. */
  readonly language: string
  /** False exactly where `language` is `und`. */
  readonly reliable: boolean
}

const undetermined: DetectedLanguage = { language: 'und', reliable: false }

/** Tells languages apart. */
export interface LanguageDetector {
  /** The language of one caption. Looks at its first 400 characters. */
  readonly detect: (text: string) => DetectedLanguage
  /** ISO 639-1 codes that `detect` can answer, sorted. */
  readonly languages: readonly string[]
}

/**
 * Loaded when the first caption is judged. `small` of eld's four data sets errs in 0.3 % of 5,000 one-sentence captions, as `medium` does
 * (`extrasmall`: 0.7 %), for 20 MB of memory and 40 microseconds a caption.
 */
export async function languageDetector(): Promise<LanguageDetector> {
  const { eld, languages } = await import('./eld.js')
  return {
    detect: (text) => detectLanguage(eld, text),
    languages: Object.values(languages).sort(),
  }
}

function detectLanguage(eld: Eld, text: string): DetectedLanguage {
  const head = text.slice(0, 400).normalize('NFC')
  const plain = count(head, letter)
  const letters = plain + 2 * count(head, denseLetter)
  const need = certainty[scriptOf(head, plain)]
  if (letters < need.letters) return undetermined
  const result = eld.detect(head)
  if (result.language === '' || !result.isReliable()) return undetermined
  const [best = 0, second = 0] = Object.values(result.getScores())
  if (best - second < Math.max(need.lead, need.leadLetters / letters)) return undetermined
  return { language: result.language, reliable: true }
}

/**
 * Whether a detected language is among the wanted ones. `und` always passes: a short caption is not to be lost
 * because nobody can tell its language.
 *
 * @param languages null = all
 */
export function languageVerdict(detected: string, languages: readonly string[] | null): 'language' | null {
  if (languages === null || detected === 'und') return null
  return languages.includes(detected) ? null : 'language'
}

/** Codes that the detector does not tell apart, by the code it answers with. */
const sameLanguage: Readonly<Record<string, string>> = {
  nb: 'no',
  nn: 'no',
  id: 'ms',
  in: 'ms',
  iw: 'he',
  fil: 'tl',
  bs: 'hr',
  cmn: 'zh',
}

/**
 * The detector's code for a BCP 47 tag that a user gives (`pt-BR` is `pt`, `nb` is `no`, Indonesian is answered
 * as Malay); null where the detector does not know the language, so that nothing could ever match it.
 */
export function languageCode(tag: string, { languages }: LanguageDetector): string | null {
  const primary = tag.trim().toLowerCase().split(/[-_]/)[0] ?? ''
  const code = sameLanguage[primary] ?? primary
  return languages.includes(code) ? code : null
}

/** The script of more than half of the letters. */
function scriptOf(text: string, letters: number): keyof typeof certainty {
  if (2 * count(text, latinLetter) > letters) return 'latin'
  return 2 * count(text, cyrillicLetter) > letters ? 'cyrillic' : 'other'
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}
