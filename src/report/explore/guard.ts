/** Heads of a request, as far as they decide whether it is answered. */
export interface Asked {
  readonly method: string
  readonly host: string | null
  readonly origin: string | null
  /** Sec-Fetch-Site. */
  readonly site: string | null
}

/** Names by which a server may be called; each without a port, in lower case, an IPv6 address in brackets. */
export type ServerNames = ReadonlySet<string>

/**
 * Why a request is not answered; null = it is. A page of another origin gets nothing: neither by asking (its origin is told), nor by a name of its own that
 * it had lead here (DNS rebinding: the Host is that name). Which port is asked says nothing: a forwarded one is another. Pure.
 */
export function refusalOf({ method, host, origin, site }: Asked, names: ServerNames): string | null {
  const name = host === null ? null : hostName(host)
  if (name === null || !names.has(name))
    return `this server is not called ${host === null ? 'without a name' : shown(host)}: it answers to ${[...names].join(', ')}`
  const isSame = origin === null || origin === `http://${host?.toLowerCase()}`
  // `none`: somebody typed the address, or opened a bookmark.
  const isNear = site === null || site === 'same-origin' || site === 'none'
  if (!isSame || !isNear) return 'a page of another origin is answered nothing'
  if (method === 'GET' || method === 'HEAD') return null
  return origin !== null && site !== 'none' ? null : 'a POST is taken of the page of this server alone'
}

/** Name of a Host header, without its port. Pure. */
function hostName(host: string): string | null {
  const [, name] = /^(\[[0-9a-f:.]+\]|[^:[\]/@\s]+)(?::\d{1,5})?$/i.exec(host) ?? []
  return name?.toLowerCase() ?? null
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 100))

/** Names of a server that listens on an address. `own`: addresses of this machine, for one that listens on all of them. Pure. */
export function namesOf(address: string, own: readonly string[]): ServerNames {
  const bracketed = (one: string) => (one.includes(':') ? `[${one.replace(/%.*$/, '')}]` : one).toLowerCase()
  const isAll = address === '0.0.0.0' || address === '::'
  const listens = isAll ? own : [address]
  const isLoopback = isAll || address === '127.0.0.1' || address === '::1' || address === 'localhost'
  return new Set([...listens.map(bracketed), ...(isLoopback ? ['localhost'] : [])])
}

/** Whether only this machine reaches an address. Pure. */
export const isLoopback = (address: string): boolean =>
  address === 'localhost' || address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address)
