/** Fewer such letters stand side by side in real words too. */
const fewestLetters = 4

/**
 * Whether a text is one of another script, or of two bytes a character, read in an encoding of single bytes: it is made of what real texts have
 * here and there only. Pure.
 */
export function isMojibake(text: string): boolean {
  return isForeignAsLatin(text) || utf8AsCyrillic.test(text) || isCaseUpsideDown(text)
}

/** Side by side, as Vietnamese never has them. */
const accentsInRow = /[\u00c0-\u00ff][\u00a1-\u00ff]/
/** Letters of which Finnish and Estonian make whole words. */
const finnic = /[äöõü]/giu

/** Cyrillic, Greek, Chinese and others as windows-1252: most letters have an accent, and signs stand among them. */
function isForeignAsLatin(text: string): boolean {
  if (!accentsInRow.test(text.replace(finnic, 'a'))) return false
  const accented = text.match(/[\u00c0-\u00ff]/g)?.length ?? 0
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  return accented >= fewestLetters && 2 * accented > letters
}

/** UTF-8 as windows-1251: every other character is one of the two that its first bytes become. */
const utf8AsCyrillic = /(?:[РС][\u0400-\u045f\u0490\u0491\u00a0-\u00bf\u2013-\u203a\u20ac\u2116\u2122]){4}/

/** KOI8-R as windows-1251, or the other way round: small letters become large ones, and words begin small and go on large. */
function isCaseUpsideDown(text: string): boolean {
  const words = text.match(/\p{Script=Cyrillic}{3,}/gu) ?? []
  return words.some((word) => /^\p{Ll}/u.test(word)) && words.every((word) => /^\p{L}\p{Lu}+$/u.test(word))
}
