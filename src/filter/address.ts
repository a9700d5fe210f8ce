const urlPart = /(?:[a-z][a-z0-9+.-]{1,20}:\/\/|www\d?\.|data:[a-z]+\/)\S+/giu
const bareDomain =
  /^(?:https?:)?(?:\/\/)?(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|info|biz|io|co|de|fr|uk|es|it|nl|pl|ru|cn|jp|kr|br|in|eu|us|ca|au|ch|at|be|se|no|dk|fi|cz|me|tv|shop|blog|site|online)(?:[/?#:]\S*)?$/iu
const mailAddress = /^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$/u

/** An address and no more, or half of a text or more that the address of a whole site signs. */
export function isAddress(text: string): boolean {
  if (bareDomain.test(text) || mailAddress.test(text)) return true
  const addresses = text.match(urlPart)
  if (addresses === null || !isMostlyAddress(text, withoutAddresses(text))) return false
  return addresses.every((address) => !/[^/:]\/[^/\s]/.test(address))
}

const mayHaveAddress = /:\/\/|www|data:/i
/** What leads to an address. */
const leadIn =
  /(?:^|[\s,;:([|/–—-])(?:sources?|via|from|at|see|url|link|website|quelle|siehe|bron|fuente|fonte|źródło|источник|出典|来源|來源|출처)\s*[:：]?[\s([]*$/iu

/** A text without the addresses in it, and without what leads to them or is left around them. */
export function withoutAddresses(text: string): string {
  if (!mayHaveAddress.test(text)) return text
  const parts = text.split(urlPart)
  if (parts.length === 1) return text
  return parts
    .map((part, i) => (i < parts.length - 1 ? part.replace(leadIn, ' ').replace(/[\s([]+$/u, ' ') : part))
    .map((part, i) => (i > 0 ? part.replace(/^[)\]]/u, '') : part))
    .join(' ')
    .replace(/[([]\s*[)\]]/gu, ' ')
    .replace(/\s+/gu, ' ')
    .replace(/ (?=[,.;:)\]])/gu, '')
    .replace(/,(?=,)|[,;:|](?=\s[–—|-]\s)/gu, '')
    .replace(/^[\s,;:|/–—-]+|[\s,;:|/–—-]+$/gu, '')
}

/** Whether what is left of a text is no more than half of it. */
export function isMostlyAddress(text: string, left: string): boolean {
  return left !== text && 2 * left.replace(/\s/gu, '').length <= text.replace(/\s/gu, '').length
}
