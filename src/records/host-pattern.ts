/** A wildcard stands for one or more labels in front, and for nothing else. */
const wildcard = '*.'

/**
 * A host pattern as it is compared: lower case and punycode, with its wildcard; null = it is none. A pattern is a host without scheme, port and
 * path, or `*.` and a host, which means every host below that one and not itself.
 */
export function canonicalPattern(given: string): string | null {
  const isBelow = given.startsWith(wildcard)
  const written = isBelow ? given.slice(wildcard.length) : given
  if (!plainHost.test(written)) return null
  // A parser takes out what a host cannot hold, and reads numbers as addresses: both are as they will stand in a URL.
  const url = `http://${written}/`
  if (!URL.canParse(url)) return null
  const host = new URL(url).hostname.replace(/\.$/, '')
  if (host === '' || host.includes('*')) return null
  return isBelow ? (isAddress(host) ? null : `${wildcard}${host}`) : host
}

/** Patterns that fit a host name, the closest first: itself, then each domain around it. */
export function patternsOf(hostname: string): readonly string[] {
  const patterns = [hostname]
  if (isAddress(hostname)) return patterns
  for (let dot = hostname.indexOf('.'); dot >= 0; dot = hostname.indexOf('.', dot + 1))
    patterns.push(`${wildcard}${hostname.slice(dot + 1)}`)
  return patterns
}

/** Nothing that begins a port, a path, a query or a user, unless in the brackets of an address. */
const plainHost = /^(?:\[[0-9a-f:.]+\]|[^\s:/?#@\\[\]]+)$/i

const isAddress = (host: string): boolean => host.startsWith('[') || /^\d+(?:\.\d+){3}$/.test(host)
