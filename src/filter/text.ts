import type { TextReason } from '../records/index.js'
import { isAddress, isMostlyAddress, withoutAddresses } from './address.js'
import { nameOfFile } from './file-name.js'
import { isMojibake } from './mojibake.js'
import type { TextRules } from './options.js'
import { isPlaceholder, saysNothing } from './placeholders.js'
import { countColumns, countNames, countWords, dots } from './words.js'

export { countColumns, countWords } from './words.js'

/**
 * The first rule that a caption breaks; null = none. Rules that say what a text is come before those that
 * measure it, so that `logo` is a placeholder rather than short; `caption_long` is first because it bounds the
 * work of all others. Of a text with an address, and of a file's name, the words alone are judged.
 *
 * @param language BCP 47 tag of its page, by which words are counted; null = nobody says
 */
export function captionVerdict(
  text: string,
  rules: TextRules,
  language: string | null = null,
): TextReason | null {
  if (exceeds(text, rules.maxChars)) return 'caption_long'
  const clean = normalizeCaption(text)
  if (isAddress(clean)) return 'caption_url'
  const words = withoutAddresses(clean)
  const name = nameOfFile(words)
  const verdict =
    name === null
      ? wordsVerdict(words, rules, language)
      : countNames(name) < rules.minWords || wordsVerdict(name, rules, language) !== null
        ? 'caption_file_name'
        : null
  return verdict !== null && isMostlyAddress(clean, words) ? 'caption_url' : verdict
}

/** Words of a caption: without the address of its source, and without `File:` and the ending where it is the name of a file. */
export function saidIn(text: string): string {
  const words = withoutAddresses(normalizeCaption(text))
  return nameOfFile(words) || words || text
}

/** Whether a text is the name of a file, whatever it says. */
export function isFileName(text: string): boolean {
  return nameOfFile(withoutAddresses(normalizeCaption(text))) !== null
}

/** Whether two texts are made of the same words, those left out that say no more than that there is a picture. */
export function sameWords(a: string, b: string): boolean {
  return a === b || wordKey(a) === wordKey(b)
}

function wordKey(text: string): string {
  const words =
    normalizeCaption(saidIn(text).normalize('NFKC').toLowerCase()).match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  const telling = words.filter((word) => !saysNothing(word))
  return [...new Set(telling.length > 0 ? telling : words)].sort().join(' ')
}

function wordsVerdict(clean: string, rules: TextRules, language: string | null): TextReason | null {
  if (isMarkup(clean)) return 'caption_markup'
  if (isPlaceholder(clean)) return 'caption_placeholder'
  if (countColumns(clean) < rules.minChars) return 'caption_short'
  const words = countWords(clean, language)
  if (words < rules.minWords) return 'caption_few_words'
  return words > rules.maxWords ? 'caption_long' : null
}

/** Canonical composition; control, zero-width and directional marks dropped; white space collapsed. Idempotent. */
export function normalizeCaption(text: string): string {
  return text
    .normalize('NFC')
    .replace(/[\u00ad\u200b\u2060\ufeff\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .normalize('NFC')
}

/** Under which a caption counts as repeated: case, width, spacing, numbers and dates make no difference. Idempotent. */
export function captionKey(text: string): string {
  const folded = normalizeCaption(text.normalize('NFKC').toLowerCase())
  if (!/\p{N}/u.test(folded)) return folded
  return folded
    .replace(number, '0')
    .replace(month, '0')
    .replace(/\b0(?:[\s,.:/]{1,3}0)+\b/g, '0')
}

const number = /\p{N}+(?:[.,:/-]\p{N}+)*/gu
/** A month beside a number: dates change where a text is repeated. */
const month =
  /(?<=\b0\.?(?: de| of)? )(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-zéüûç]{0,7}\b\.?|\b(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-zéüûç]{0,7}\b\.?(?=,? 0\b)/g

/** Each is a leftover that a reader would not see on a healthy page. */
const leftovers: readonly RegExp[] = [
  /<\/?[a-z][a-z0-9-]*(?:\s[^<>]*)?>/iu,
  /<(?:img|a|br|span|div|p|script|style|iframe|font)\s/iu,
  /<!--|-->|<\?|\?>/u,
  /&(?:[a-z]{2,8}|#\d{1,6}|#x[0-9a-f]{1,5});/iu,
  /\{\{|\}\}|\{%|%\}|<%|%>|\$\{|\[%|%\]|__[A-Z]/u,
  /\[\/?(?:caption|gallery|img|url|quote|vc_|et_pb)[^[\]]*\]/iu,
  /\[\[|\]\]|'''/u,
  /\[object \w+\]|\bfunction\s*\(|\bvar\s+\w+\s*=|\b(?:document|window)\.\w+|=>\s*\{|;\s*\}/u,
  /\{\s*"|"\s*:\s*["{[]|\{[a-z-]+:[^{}]*\}/u,
  /\b(?:alt|src|href|class|style|width|height|title|id)\s*=\s*["']/iu,
  /^%[sd@]$|%\d\$[sd]|^\{\d\}$/u,
  // A replacement character, an icon font's private code point, or UTF-8 read as Latin-1.
  /\ufffd|\p{Co}|Ã[\u0080-\u00bf]|Â[\u0080-\u00bf]|â€/u,
]
const symbols = /(?!\p{Extended_Pictographic})[\p{P}\p{S}]/gu
const substance = /[\p{L}\p{N}]/gu

/** Tags, entities, templates, code, wrongly decoded text, or more punctuation than letters and digits. */
function isMarkup(text: string): boolean {
  if (leftovers.some((leftover) => leftover.test(text)) || isMojibake(text)) return true
  const plain = text.replace(dots, ' ')
  const signs = plain.match(symbols)
  return signs !== null && signs.length > (plain.match(substance)?.length ?? 0)
}

function exceeds(text: string, maxChars: number): boolean {
  return text.length > maxChars && (text.length > 2 * maxChars || [...text].length > maxChars)
}
