/**
 * Both sides of a comparison are brought to one spelling first: everything outside RFC 3986's reserved and unreserved
 * characters is percent-encoded UTF-8, escapes of unreserved characters are decoded, hex digits are upper-case.
 * A `*` or `$` of the URL itself is written %2A or %24, so that in a pattern only the special ones are left.
 */

/** Path and query of a URL, as patterns are compared with. Always begins with '/'. */
export function robotsPath(url: string): string {
  const authority = url.indexOf('//') + 2
  const start = url.slice(authority).search(/[/?#]/)
  const tail = start < 0 ? '' : (url.slice(authority + start).split('#', 1)[0] ?? '')
  const path = tail.startsWith('/') ? tail : `/${tail}`
  return spell(path).replaceAll('*', '%2A').replaceAll('$', '%24')
}

/**
 * A rule's value as compared; null = the rule says nothing. Values should begin with '/' or '*': one that does not is
 * taken from the root where it forbids, and is passed over where it allows.
 */
export function normalizePattern(value: string, allow: boolean): string | null {
  if (value === '') return null
  const rooted = value.startsWith('/') || value.startsWith('*')
  if (!rooted && allow) return null
  const spelled = spell(rooted ? value : `/${value}`).replace(/\*+/g, '*')
  const anchored = spelled.endsWith('$')
  const body = (anchored ? spelled.slice(0, -1) : spelled).replaceAll('$', '%24')
  return anchored ? `${body}$` : body
}

/** A pattern as normalizePattern gives it, taken apart: `first`, then anything, then the middle pieces, each after anything, then `last`. */
export interface Pattern {
  readonly first: string
  readonly middle: readonly string[]
  /** Piece that stands last, at the end of the path; null = anything may follow. */
  readonly last: string | null
  /** Of the shortest path that it matches. */
  readonly leastLength: number
}

/** Of a pattern that has a `*` before its end. */
export function patternOf(text: string): Pattern {
  const anchored = text.endsWith('$')
  const [first = '', ...middle] = (anchored ? text.slice(0, -1) : text).split('*')
  const last = anchored ? (middle.pop() ?? '') : null
  const leastLength = [first, ...middle, last ?? ''].reduce((sum, piece) => sum + piece.length, 0)
  return { first, middle, last, leastLength }
}

/** `*` matches any run of characters, a final `$` the end; otherwise a pattern matches what it is a prefix of. */
export function patternMatches({ first, middle, last, leastLength }: Pattern, path: string): boolean {
  if (path.length < leastLength || !path.startsWith(first)) return false
  if (last !== null && !path.endsWith(last)) return false
  const end = path.length - (last?.length ?? 0)
  // The leftmost place for each piece leaves the most room for those after it, so no place is tried twice.
  let at = first.length
  for (const piece of middle) {
    const found = path.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return at <= end
}

const toEncode = /[^A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+/g

function spell(text: string): string {
  return text
    .replace(toEncode, (run) => encodeURIComponent(wellFormed(run)))
    .replace(/%([0-9a-fA-F]{2})?/g, (whole: string, hex: string | undefined) => {
      if (hex === undefined) return '%25'
      const char = String.fromCharCode(Number.parseInt(hex, 16))
      return /[A-Za-z0-9._~-]/.test(char) ? char : whole.toUpperCase()
    })
}

/** Lone surrogates become U+FFFD, as UTF-8 has no place for them. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString()
}
