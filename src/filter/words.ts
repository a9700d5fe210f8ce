const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u
/** Each is a syllable with a meaning of its own, and two are a word like `waterfall`. */
const dense = /[\p{Script=Han}\p{Script=Hangul}]/u
const mark = /[\p{M}\p{Cf}]/u
/** Most captions: each character is one column. */
const isAscii = /^\p{ASCII}*$/u

/** Width in columns: characters that are words, or parts of them, 2.5, other wide East Asian ones 2, marks 0, others 1. */
export function countColumns(text: string): number {
  if (isAscii.test(text)) return text.length
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
const threeLetters = /(?:\p{L}\P{L}*){3}/u
const denseNoun = /[\p{Script=Han}\p{Script=Hangul}]{2}/u

/**
 * Words of a text, by what a language says with them. Scripts written with spaces: runs of letters and digits, hyphens inside; a compound in one
 * word, and a noun whose ending says what English says with small words, are two. Chinese and Japanese: two characters a word, rounded up; Thai, Lao, Khmer and Burmese:
 * five. A Chinese, Japanese or Korean noun of two syllables says as much as two words. A text with fewer than three letters (one wide
 * character) has no words at all: `12 x 24` and `$ 5,000` describe nothing.
 *
 * @param language BCP 47 tag of its page; null = nobody says
 */
export function countWords(text: string, language: string | null = null): number {
  if (!threeLetters.test(text) && !wide.test(text)) return 0
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
  const isTwo = words === 1 && (denseNoun.test(text) || (only !== undefined && saysTwo(only, language)))
  return isTwo ? 2 : words
}

/** Words with two letters or more: numbers and initials say nothing by themselves. */
export function countNames(text: string): number {
  return denseNoun.test(text) ? 2 : (text.match(/\p{L}[\p{L}\p{M}'’]+/gu)?.length ?? 0)
}

/** Languages that write a compound in one word. */
const compounding = languages('de nl sv da no nb nn is fo lb fy af nds gsw')
/** Languages that say by a word's ending what English says with `a`, `the`, `in` or `of`. */
const inflecting = languages(
  'pl cs sk hr sr bs sh sl mk bg uk ru be lt lv ltg et fi hu tr az kk ky uz tk tt mn eu ka hy la ro mo sq se kl dsb hsb csb rue',
)
/** Letters that the languages of both sets write, and English does not. */
const foreignLetter = /[äöüßåæøõőűşğıąćęłńśźżčďěňřšťůžđāēģīķļņūėįųșțăþð\p{Script=Cyrillic}]/iu
const compoundLetters = 10
/** One letter more where English could have written the word. */
const inflectedLetters = 6
/** No English word that describes a picture is as long. */
const longestWord = 17

/** What compounds end with that are as short as other words: things to be seen. */
const seenThing = new RegExp(
  `\\p{L}{3}(?:${[
    'haus|mühle|brücke|see|berg|burg|turm|schloss|schloß|kirche|kapelle|wald|bach|fluss|meer|strand|hafen|insel|fels|felsen|stein|gipfel|hütte|feld|wiese|garten|park|weg|platz|markt|stadt|dorf|hof|bahnhof|dach|tür|fenster|treppe|brunnen',
    'kuchen|torte|brot|suppe|salat|apfel|baum|blume|blatt|pilz|vogel|hund|katze|pferd|kuh|fisch|bär|hirsch|schiff|boot|zug|bahn|wagen|rad|tisch|stuhl|bett|schrank|regal|lampe|messer|topf|pfanne|tasse|kanne|glas|zelt|kocher',
    'huis|molen|brug|toren|poort|kasteel|kerk|bos|beek|zee|haven|eiland|tuin|plein|straat|boom|bloem|vogel|hond|taart|brood|schip|fiets|tafel|stoel|kast|pand|gaard|raam|deur',
    'hus|huset|kvarn|mølle|ruin|bro|bron|broen|sjö|sjön|fjäll|fjell|fjord|fors|vatten|vand|vatn|torn|tårn|slott|slot|kyrka|kirke|skog|skov|strand|hamn|havn|gård|park|torg|torv|träd|træ|blomma|blomst|fågel|fugl|fisk|båt|båd|skib|skip|stol|bord|utsikt|udsigt',
  ].join('|')})(?:e|en|er|n|s|et)?$`,
  'iu',
)

/** Whether one word says as much as two of English do. */
function saysTwo(word: string, language: string | null): boolean {
  const letters = word.match(letter)?.length ?? 0
  if (letters < inflectedLetters || /-|\p{Lu}{4}|\p{N}|\p{Ll}\p{Lu}|\./u.test(word)) return false
  if (letters === inflectedLetters && /^\p{ASCII}*$/u.test(word)) return false
  const primary = language?.split('-', 1)[0] ?? ''
  if (inflecting.has(primary)) return isNoun(word, primary)
  if (compounding.has(primary) && seenThing.test(word)) return true
  if (letters < compoundLetters) return false
  return letters >= longestWord || compounding.has(primary) || foreignLetter.test(word)
}

/** Languages that are written in Cyrillic alone, whose pages show names of companies in Latin letters. */
const cyrillic = languages('bg uk ru be mk ky mn rue')

/** Whether a word is made of letters that its language writes: names of users, companies and programs often are not. */
function isNoun(word: string, language: string): boolean {
  if (cyrillic.has(language)) return /\p{Script=Cyrillic}/u.test(word)
  return !(language === 'pl' ? /[qvx]/i : /[qwx]/i).test(word)
}

function languages(list: string): ReadonlySet<string> {
  return new Set(list.split(' '))
}
