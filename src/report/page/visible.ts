/** Characters of a text that are shown of it, where no more is asked for. */
export const mostCharacters = 240

/** Joiners within words and emoji, and the selector of a glyph's look: they steer nothing. */
const harmless = new Set(['\u200c', '\u200d', '\ufe0f', '\ufe0e', '\u00ad'])

/**
 * A hostile text as it is shown: what has no look of its own is named, so that nothing turns the direction or hides; a long one is cut. Pure.
 */
export function visible(text: string, most = mostCharacters): string {
  const head = text.slice(0, 2 * most + 2)
  const characters = Array.from(head)
  const shown = characters
    .slice(0, most)
    .map((character) => (hasNoLook(character) && !harmless.has(character) ? named(character) : character))
    .join('')
  return characters.length > most || head.length < text.length ? `${shown}…` : shown
}

const hasNoLook = (character: string): boolean =>
  /\p{Cc}|\p{Cf}|\p{Surrogate}|\p{Co}|\u2028|\u2029/u.test(character)

/** Control characters have pictures of their own; the others are named by their number. */
function named(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20) return String.fromCodePoint(0x2400 + code)
  if (code === 0x7f) return '\u2421'
  return `‹U+${code.toString(16).toUpperCase().padStart(4, '0')}›`
}

/** Address that may be followed from the page; null = it is none of the web's, or was cut, which a blank says. Pure. */
export function webLink(address: string): string | null {
  if (address.length > 4_000 || /\s/.test(address) || !URL.canParse(address)) return null
  const { protocol, href } = new URL(address)
  return protocol === 'http:' || protocol === 'https:' ? href : null
}
