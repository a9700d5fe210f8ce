import { ownCopy } from './own-copy.js'

/** Longer URLs are refused: servers and databases stop well before. Characters. */
const maxUrlLength = 4096

/**
 * The one spelling under which a URL is known: absolute, http or https, no fragment, no default port, host in
 * lower case and punycode without a trailing dot, dot segments resolved, percent-encoding in upper case and only where
 * needed (RFC 3986 section 6.2.2), no empty query, never an empty path. Parsed as browsers do (backslashes are
 * slashes, spaces and non-ASCII become percent-encoded UTF-8). The order of the query is kept. Idempotent.
 *
 * null = not a URL, another scheme, too long, or one that carries a user name or password.
 */
export function canonicalUrl(raw: string, base?: string): string | null {
  const asWritten = canonicalAsWritten(raw, base)
  if (asWritten !== null) return asWritten
  const parsed = parse(raw, base)
  if (parsed === null) return null
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return null
  if (parsed.username !== '' || parsed.password !== '') return null
  const host = hostWithoutDot(parsed)
  if (host === null) return null
  const query = parsed.search === '' ? '' : normalizePercent(parsed.search)
  const url = `${parsed.protocol}//${host}${normalizePercent(parsed.pathname)}${query}`
  return url.length > maxUrlLength ? null : url
}

/** The scheme of a URL that is no http(s) URL, lower-case; null = it has none, so it is relative. */
export function schemeOf(raw: string): string | null {
  return /^\s*([a-z][a-z0-9+.-]*):/i.exec(raw)?.[1]?.toLowerCase() ?? null
}

/** No number and no punycode, which a parser may spell otherwise; the last label is no part of an IPv4 address. */
const plainOrigin = /^https?:\/\/(?:(?!xn--)[a-z0-9-]+\.)*(?!xn--)[a-z][a-z0-9-]*(?=\/)/
/** Paths that a parser leaves as they are: no dot segment, nothing that is escaped or an escape, no empty query. */
const plainPath = /^(?:\/(?!\.)[\w.~!$&'()*+,;=:@-]*)+(?:\?[\w.~!$&()*+,;=:@/?-]+)?$/
const plainUrl = new RegExp(plainOrigin.source + plainPath.source.slice(1))

/** Paths below a folder, behind steps up from it: the first segment could be a scheme, so it holds no colon. */
const plainRelative =
  /^((?:\.\.\/)*)((?!\.)[\w.~!$&'()*+,;=@-]+(?:\/(?!\.)[\w.~!$&'()*+,;=:@-]*)*(?:\?[\w.~!$&()*+,;=:@/?-]+)?)$/
/** Folder of a canonical URL: its origin, and its path up to the last slash. */
const plainFolder = new RegExp(
  `${plainOrigin.source.replace('(?=\\/)', '')}((?:\\/(?!\\.)[\\w.~!$&'()*+,;=:@%-]*)*?\\/)(?!\\.)[\\w.~!$&'()*+,;=:@%-]*(?:\\?|$)`,
)

/** A URL that needs no parser, as most do not: parsing takes several times as long. null = the parser must say. */
function canonicalAsWritten(raw: string, base: string | undefined): string | null {
  if (raw.length > maxUrlLength) return null
  const mark = raw.indexOf('#')
  const written = mark < 0 ? raw : raw.slice(0, mark)
  if (plainUrl.test(written)) return ownCopy(written)
  if (base === undefined || written.startsWith('//')) return null
  if (!plainPath.test(written)) return besideBase(written, base)
  const origin = plainOrigin.exec(base)?.[0]
  return origin === undefined || origin.length + written.length > maxUrlLength
    ? null
    : ownCopy(origin + written)
}

/** What a plain relative path is to a plain base. */
function besideBase(written: string, base: string): string | null {
  const relative = plainRelative.exec(written)
  const folder = relative === null ? null : plainFolder.exec(base)
  const path = folder?.[1]
  if (relative === null || folder === null || path === undefined || oddEscape.test(folder[0])) return null
  const [, ups = '', rest = ''] = relative
  let end = path.length
  for (let up = ups.length / 3; up > 0 && end > 1; up--) end = path.lastIndexOf('/', end - 2) + 1
  const origin = base.slice(0, base.indexOf('/', 8))
  const url = `${origin}${path.slice(0, end)}${rest}`
  return url.length > maxUrlLength ? null : ownCopy(url)
}

const withHost = /^https?:\/\//i

function parse(raw: string, base: string | undefined): URL | null {
  // Resolving may shorten a URL, but not one like this.
  if (raw.length > 4 * maxUrlLength) return null
  try {
    // With a host of its own it is the same under any base, and parsing that would take as long again.
    return base === undefined || withHost.test(raw) ? new URL(raw) : new URL(raw, base)
  } catch {
    // Asking URL.canParse first would parse every good URL twice, and nothing else is thrown here.
    return null
  }
}

function hostWithoutDot(url: URL): string | null {
  if (!url.hostname.endsWith('.')) return url.host
  const name = url.hostname.slice(0, -1)
  if (name === '' || name.endsWith('.')) return null
  return url.port === '' ? name : `${name}:${url.port}`
}

/** No escape, one in lower case, or one of a character that needs none. */
const oddEscape = /%(?:(?![0-9A-F]{2})|2[DE]|3\d|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])/

/** A `%` that begins no escape is itself escaped: else decoding `%%341` would make a new escape, `%41`. */
function normalizePercent(text: string): string {
  // Parsers write escapes as they should be, and a Chinese name has dozens.
  if (!text.includes('%') || !oddEscape.test(text)) return text
  return text.replace(/%([0-9a-fA-F]{2})?/g, (whole: string, hex: string | undefined) => {
    if (hex === undefined) return '%25'
    const char = String.fromCharCode(Number.parseInt(hex, 16))
    return /[A-Za-z0-9._~-]/.test(char) ? char : whole.toUpperCase()
  })
}
