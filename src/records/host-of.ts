/**
 * The politeness key of a canonical URL: `host`, or `host:port` where the port is not the scheme's own.
 * http and https of one host share it.
 */
export function hostOf(url: string): string {
  const start = url.indexOf('//') + 2
  for (let i = start; i < url.length; i++) {
    const code = url.charCodeAt(i)
    if (code === slash || code === question || code === hash) return url.slice(start, i)
  }
  return url.slice(start)
}

/** A politeness key without its port; an IPv6 address keeps its brackets. */
export function hostNameOf(host: string): string {
  if (host.startsWith('[')) return host.slice(0, host.indexOf(']') + 1)
  const colon = host.indexOf(':')
  return colon < 0 ? host : host.slice(0, colon)
}

const slash = 0x2f
const question = 0x3f
const hash = 0x23
