import {
  type Alphabet,
  type DoubleByteLanguage,
  doubleByteLanguages,
  singleByteLanguages,
} from './alphabets.js'
import { decoderOf } from './encoding.js'

/** Bytes that are looked at: those beyond ASCII, with their neighbours. */
const sampleBytes = 16 * 1024
/** A guess is trusted less the fewer characters speak for it: so many are counted as if they said nothing. */
const doubtfulChars = 3
/** What speaks for windows-1252, the encoding of most pages that declare none, before anything was read. */
const commonPrior = 0.15

/**
 * The encoding of a body that declares none and is no UTF-8, by what its bytes would say in each: letters of one language, in words, or the
 * usual characters of one. null = nothing fits. Browsers guess likewise. Pure.
 */
export function guessEncoding(body: Uint8Array): string | null {
  const wide = wideEncoding(body)
  if (wide !== null) return wide
  const sample = sampleOf(body)
  if (sample.length === 0) return hasJapaneseEscapes(body) ? 'iso-2022-jp' : 'utf-8'
  if (isMostlyUtf8(sample)) return 'utf-8'
  let best: string | null = null
  let bestScore = 0
  const consider = (encoding: string, score: number) => {
    if (score <= bestScore) return
    best = encoding
    bestScore = score
  }
  for (const [encoding, alphabets] of singleByteLanguages) {
    const marks = marksOf(decoderOf(encoding)(sample, false))
    const prior = encoding === 'windows-1252' ? commonPrior : 0
    for (const alphabet of alphabets) consider(encoding, alphabetScore(marks, alphabet, prior))
  }
  for (const language of doubleByteLanguages) {
    consider(language.encoding, ideographScore(decoderOf(language.encoding)(sample, false), language))
  }
  return best
}

/** Which UTF-16 a body without a byte order mark is: markup in it has a zero in every other byte. null = none. Pure. */
export function wideEncoding(body: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  const start = body.subarray(0, 1024)
  let even = 0
  let odd = 0
  for (let at = 0; at < start.length; at++) {
    if (start[at] !== 0) continue
    if (at % 2 === 0) even++
    else odd++
  }
  const many = start.length / 8
  if (odd > many && even < odd / 8) return 'utf-16le'
  return even > many && odd < even / 8 ? 'utf-16be' : null
}

/** ISO-2022-JP, in which all bytes are ASCII, goes over to its characters by these. */
const japaneseEscapes = ['\x1b$B', '\x1b$@', '\x1b(J']

function hasJapaneseEscapes(body: Uint8Array): boolean {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return japaneseEscapes.some((one) => bytes.includes(one, 0, 'latin1'))
}

/** The bytes beyond ASCII, each with two neighbours; a blank stands for what was left out. */
function sampleOf(body: Uint8Array): Uint8Array {
  const sample = new Uint8Array(sampleBytes)
  let length = 0
  let copied = -1
  for (let at = 0; at < body.length && length + 8 < sampleBytes; at++) {
    if ((body[at] ?? 0) < 0x80) continue
    let from = Math.max(copied + 1, at - 2)
    if (from > copied + 1 && length > 0) sample[length++] = 0x20
    for (; from <= Math.min(at + 2, body.length - 1); from++) {
      sample[length++] = body[from] ?? 0
      copied = from
    }
  }
  return sample.subarray(0, length)
}

/** A page of UTF-8 with a broken character here and there. */
function isMostlyUtf8(sample: Uint8Array): boolean {
  const text = decoderOf('utf-8')(sample, false)
  const bad = text.split('\ufffd').length - 1
  const good = (text.match(/[^\0-\x7f\ufffd]/g) ?? []).length
  return good > 4 * bad
}

/** What stands in a text read in one encoding of single bytes. */
interface Marks {
  /** Letters beyond ASCII, lower-case, with how often each stands there. */
  readonly letters: ReadonlyMap<string, number>
  /** Letters and signs beyond ASCII. */
  readonly chars: number
  /** Quotes, dashes and the like, which any text may hold. */
  readonly usualSigns: number
  /** Signs that are rare, stand within words, or mean nothing. */
  readonly oddSigns: number
  /** Upper-case letters behind lower-case ones. */
  readonly caseFlips: number
  /** Letters beyond ASCII that stand right beside ASCII ones. */
  readonly besideAscii: number
  /** Letters beyond ASCII behind two other such. */
  readonly inRuns: number
}

const usualSigns = /[\xa0«»‘’‚“”„‹›–—…•·©®™°€£§×¿¡№]/u
const isLetter = /[\p{L}\p{M}]/u
const isMark = /\p{M}/u
const isAsciiLetter = /[A-Za-z]/
const meaningless = /[\p{Cc}\p{Co}\ufffd]/u

function marksOf(text: string): Marks {
  const letters = new Map<string, number>()
  const marks = { chars: 0, usualSigns: 0, oddSigns: 0, caseFlips: 0, besideAscii: 0, inRuns: 0 }
  let run = 0
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (char <= '\x7f') {
      run = 0
      continue
    }
    const before = text.charAt(at - 1)
    const after = text.charAt(at + 1)
    marks.chars++
    if (!isLetter.test(char) || (isMark.test(char) && !isLetter.test(before))) {
      run = 0
      if (meaningless.test(char)) marks.oddSigns += 3
      else if (usualSigns.test(char)) marks.usualSigns++
      else marks.oddSigns++
      if (char !== '’' && char !== '·' && isLetter.test(before) && isLetter.test(after)) marks.oddSigns++
      continue
    }
    run++
    if (run > 2) marks.inRuns++
    const lower = char.toLowerCase()
    letters.set(lower, (letters.get(lower) ?? 0) + 1)
    if (isLower(before) && lower !== char) marks.caseFlips++
    else if (lower === char && char.toUpperCase() !== char && isUpper(after) && after <= '\x7f')
      marks.caseFlips++
    if (isAsciiLetter.test(before) || isAsciiLetter.test(after)) marks.besideAscii++
  }
  return { letters, ...marks }
}

function isLower(char: string): boolean {
  return char !== '' && char.toUpperCase() !== char
}

function isUpper(char: string): boolean {
  return char !== '' && char.toLowerCase() !== char
}

/** How well a text fits a language: at most 1, below 0 where more speaks against it than for it. */
function alphabetScore(marks: Marks, { letters, isLatin }: Alphabet, prior: number): number {
  const ranks = new Map([...letters].map((letter, rank) => [letter, 1 - (0.7 * rank) / letters.length]))
  let score = prior * doubtfulChars + 0.5 * marks.usualSigns - marks.oddSigns - marks.caseFlips
  for (const [letter, count] of marks.letters) score += count * (ranks.get(letter) ?? -1.5)
  score -= isLatin ? marks.inRuns : marks.besideAscii
  return score / (marks.chars + doubtfulChars)
}

const eastAsian = /[\p{Script=Han}\p{Script=Hangul}]/u
const kana = /[\p{Script=Hiragana}\u30a0-\u30ff]/u
const eastAsianSigns = /[\u3000-\u301f\uff01-\uff5e·“”‘’…—※○●◎★☆■□◆◇▲△▼▽→←↑↓]/u

/** As alphabetScore, of a text read in an encoding of double bytes. */
function ideographScore(text: string, language: DoubleByteLanguage): number {
  const usual = new Set(language.usual)
  const common = commonOf(language.common)
  const isJapanese = language.encoding === 'shift_jis' || language.encoding === 'euc-jp'
  let score = 0
  let chars = 0
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (char <= '\x7f') continue
    chars++
    if (eastAsian.test(char)) {
      const isAlone = isAsciiLetter.test(text.charAt(at - 1)) && isAsciiLetter.test(text.charAt(at + 1))
      score += isAlone ? -3 : usual.has(char) ? 1 : common.has(char) ? 0.4 : 0
    } else if (kana.test(char)) score += isJapanese ? 0.9 : 0
    else if (eastAsianSigns.test(char)) score += 0.5
    else score -= meaningless.test(char) ? 4 : 1
  }
  return score / (chars + doubtfulChars)
}

function commonOf({ encoding, leads: [first, last] }: DoubleByteLanguage['common']): ReadonlySet<string> {
  const bytes: number[] = []
  for (let lead = first; lead <= last; lead++)
    for (let trail = 0xa1; trail <= 0xfe; trail++) bytes.push(lead, trail)
  return new Set(decoderOf(encoding)(Uint8Array.from(bytes), false))
}
