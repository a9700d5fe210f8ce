import type { rejectReasons } from '../records/index.js'
import type { TextRules } from './options.js'
import { isPlaceholder } from './placeholders.js'

export type TextReason = (typeof rejectReasons.text)[number]

/**
 * The first rule that a caption breaks; null = none. Rules that say what a text is come before those that
 * measure it, so that `logo` is a placeholder rather than short; `caption_long` is first because it bounds the
 * work of all others.
 */
export function captionVerdict(text: string, rules: TextRules): TextReason | null {
  if (exceeds(text, rules.maxChars)) return 'caption_long'
  const clean = normalizeCaption(text)
  if (isUrl(clean)) return 'caption_url'
  if (isFileName(clean)) return 'caption_file_name'
  if (isMarkup(clean)) return 'caption_markup'
  if (isPlaceholder(clean)) return 'caption_placeholder'
  if (countColumns(clean) < rules.minChars) return 'caption_short'
  const words = countWords(clean)
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

/** Under which a caption counts as repeated: case, width and spacing make no difference. */
export function captionKey(text: string): string {
  return normalizeCaption(text.normalize('NFKC').toLowerCase())
}

const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u
const mark = /[\p{M}\p{Cf}]/u

/** Width in columns: wide East Asian characters 2 (they say as much as two or three letters), marks 0, others 1. */
export function countColumns(text: string): number {
  let columns = 0
  for (const char of text) columns += wide.test(char) ? 2 : mark.test(char) ? 0 : 1
  return columns
}

const spacedWord = /[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}'’.-]*[\p{L}\p{N}\p{M}])?/gu
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]+/gu
const southEastAsian = /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu
const letter = /\p{L}/gu

/**
 * Words of a text. Scripts written with spaces: runs of letters and digits, hyphens inside. Chinese and Japanese:
 * two characters a word, rounded up; Thai, Lao, Khmer and Burmese: five. A text with fewer than three letters (one
 * wide character) has no words at all: `12 x 24` and `$ 5,000` describe nothing.
 */
export function countWords(text: string): number {
  const letters = countColumns((text.match(letter) ?? []).join(''))
  if (letters < 3 && !wide.test(text)) return 0
  let words = 0
  const rest = text
    .replace(unspaced, (run) => {
      words += Math.ceil([...run].length / 2)
      return ' '
    })
    .replace(southEastAsian, (run) => {
      words += Math.ceil([...run].length / 5)
      return ' '
    })
  return words + (rest.match(spacedWord)?.length ?? 0)
}

const urlPart = /(?:[a-z][a-z0-9+.-]{1,20}:\/\/|www\d?\.|data:[a-z]+\/)\S+/giu
const bareDomain =
  /^(?:https?:)?(?:\/\/)?(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|info|biz|io|co|de|fr|uk|es|it|nl|pl|ru|cn|jp|kr|br|in|eu|us|ca|au|ch|at|be|se|no|dk|fi|cz|me|tv|shop|blog|site|online)(?:[/?#:]\S*)?$/iu
const mailAddress = /^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$/u

/** Whether addresses make up half of the text or more. */
function isUrl(text: string): boolean {
  if (bareDomain.test(text) || mailAddress.test(text)) return true
  const addresses = (text.match(urlPart) ?? []).join('')
  return addresses !== '' && 2 * addresses.length >= text.replace(/\s/gu, '').length
}

const extension =
  'jpe?g|jfif|png|gif|webp|bmp|tiff?|svg|avif|heic|ico|psd|eps|cr2|nef|dng|pdf|mp4|mov|webm|html?|php|aspx?'
const endsInFile = new RegExp(
  `[^\\s.]\\.(?:${extension})(?:\\s*[([]?\\s*\\d[\\d.,\\sx×*]*(?:bytes?|[kmg]i?b|b|px|ko|mo)?\\s*[)\\]]?)?["'»”.]*$`,
  'iu',
)
const cameraPrefix =
  /^(?:img|dsc[nf]?|dscf|dscn|pict?|p|mvi|vid|pxl|gopr|gp|dji|sam|cimg|kif|imag|hpim|sdc|wp|fb[_ -]img|screen ?shot|capture|scan|whatsapp image|signal|received|unnamed|bildschirmfoto|captura de pantalla|capture d[’']écran|скриншот|螢幕截圖|屏幕截图)(?=[\s_\-(\d])/iu
/** Words that cameras and copying put beside the numbers of file names. */
const fileSuffixes = new Set(
  'at am pm copy edited edit scaled hdr pano burst wa cover e x a b c o um à le de'.split(' '),
)
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/iu

function isFileName(text: string): boolean {
  if (endsInFile.test(text) || uuid.test(text) || /^file:|^[a-z]:\\|^\.{0,2}\/\S*$/iu.test(text)) return true
  const camera = cameraPrefix.exec(text)
  if (camera !== null && isNumbering(text.slice(camera[0].length))) return true
  return !/\s/u.test(text) && isFileToken(text)
}

/** Three digits or more, and no letters but those that file names carry beside numbers. */
function isNumbering(rest: string): boolean {
  const tokens = rest.toLowerCase().match(/\p{L}+/gu) ?? []
  return (rest.match(/\d/gu)?.length ?? 0) >= 3 && tokens.every((token) => fileSuffixes.has(token))
}

/** One token without spaces that nobody would write in a sentence. */
function isFileToken(token: string): boolean {
  const digits = token.match(/\d/gu)?.length ?? 0
  return (
    /^[a-z0-9]+(?:[_+]|%20)/iu.test(token) ||
    /^[a-z]{1,5}\d{4,}[a-z]?$/iu.test(token) ||
    (digits > 0 && /^[0-9a-f]{12,}$/iu.test(token)) ||
    (digits >= 4 && /^[a-z0-9_-]{16,}$/iu.test(token)) ||
    /^[a-z0-9]+(?:-[a-z0-9]+){3,}$/u.test(token)
  )
}

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
  if (leftovers.some((leftover) => leftover.test(text))) return true
  return (text.match(symbols)?.length ?? 0) > (text.match(substance)?.length ?? 0)
}

function exceeds(text: string, maxChars: number): boolean {
  return text.length > maxChars && (text.length > 2 * maxChars || [...text].length > maxChars)
}
