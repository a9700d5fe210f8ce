const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u
/** Each is a syllable with a meaning of its own, and two are a word like `waterfall`. */
const dense = /[\p{Script=Han}\p{Script=Hangul}]/u
const mark = /[\p{M}\p{Cf}]/u

/** Width in columns: characters that are words, or parts of them, 2.5, other wide East Asian ones 2, marks 0, others 1. */
export function countColumns(text: string): number {
  let columns = 0
  for (const char of text) columns += dense.test(char) ? 2.5 : wide.test(char) ? 2 : mark.test(char) ? 0 : 1
  return columns
}

/** Dots in a row part words, as a dash does. */
export const dots = /[.．。・…‥·]{2,}|[…‥]/gu
const spacedWord = /[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}'’.-]*[\p{L}\p{N}\p{M}])?/gu
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]+/gu
const southEastAsian = /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu
const letter = /\p{L}/gu
const denseNoun = /[\p{Script=Han}\p{Script=Hangul}]{2}/u

/**
 * Words of a text, by what a language says with them. Scripts written with spaces: runs of letters and digits, hyphens inside; a long word of
 * a language that writes compounds in one is two. Chinese and Japanese: two characters a word, rounded up; Thai, Lao, Khmer and Burmese:
 * five. A Chinese, Japanese or Korean noun of two syllables says as much as two words. A text with fewer than three letters (one wide
 * character) has no words at all: `12 x 24` and `$ 5,000` describe nothing.
 *
 * @param language BCP 47 tag of its page; null = nobody says
 */
export function countWords(text: string, language: string | null = null): number {
  const letters = countColumns((text.match(letter) ?? []).join(''))
  if (letters < 3 && !wide.test(text)) return 0
  let words = 0
  const rest = text
    .replace(dots, ' ')
    .replace(unspaced, (run) => {
      words += Math.ceil([...run].length / 2)
      return ' '
    })
    .replace(southEastAsian, (run) => {
      words += Math.ceil([...run].length / 5)
      return ' '
    })
  const spaced = rest.match(spacedWord) ?? []
  words += spaced.length
  const [only] = spaced
  const isTwo = words === 1 && (denseNoun.test(text) || (only !== undefined && isCompound(only, language)))
  return isTwo ? 2 : words
}

/** Words with two letters or more: numbers and initials say nothing by themselves. */
export function countNames(text: string): number {
  return denseNoun.test(text) ? 2 : (text.match(/\p{L}[\p{L}\p{M}'’]+/gu)?.length ?? 0)
}

/** Languages that write a compound, or what English says with small words, in one. */
const compounding: ReadonlySet<string> = new Set(
  'de nl sv da no nb nn is fo fi et hu tr lb fy af nds gsw se kl eu az kk ky uz mn'.split(' '),
)
/** Letters that the Germanic, Finnic and Turkic languages write, and English does not. */
const foreignLetter = /[äöüßåæøõőűşğı]/iu
const compoundLetters = 10
/** No English word that describes a picture is as long. */
const longestWord = 17

function isCompound(word: string, language: string | null): boolean {
  const letters = word.match(letter)?.length ?? 0
  if (letters < compoundLetters || /-|\p{Lu}{4}/u.test(word)) return false
  if (letters >= longestWord) return true
  return language === null ? foreignLetter.test(word) : compounding.has(language.split('-', 1)[0] ?? '')
}
