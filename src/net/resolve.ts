import { lookup, Resolver } from 'node:dns/promises'

export interface Address {
  readonly address: string
  readonly family: 4 | 6
}

export interface Unresolved {
  /** For people. */
  readonly error: string
  /** The name does not exist, by the word of those who would know; absent where nobody could tell. */
  readonly noSuchName?: true
}

/** All addresses of a host name, best first, never empty; or why there are none. Never rejects. */
export type Resolve = (hostname: string) => Promise<readonly Address[] | Unresolved>

const keptMs = 60_000
/** Long enough that a page full of links to a dead host asks once, short enough to notice its return. */
const keptFailureMs = 10_000
const maxKept = 10_000
const queryTimeoutMs = 2500
const queryTries = 2

/** Answers from memory for a minute (10 s for failures), and asks once where many ask at a time. */
export function cachedResolve(resolve: Resolve, now: () => number): Resolve {
  const kept = new Map<string, { until: number; answer: ReturnType<Resolve> }>()
  return (hostname) => {
    const known = kept.get(hostname)
    if (known !== undefined && now() < known.until) return known.answer
    kept.delete(hostname)
    if (kept.size >= maxKept) {
      for (const oldest of kept.keys()) {
        kept.delete(oldest)
        break
      }
    }
    const entry = { until: Number.POSITIVE_INFINITY, answer: resolve(hostname) }
    kept.set(hostname, entry)
    return entry.answer.then((answer) => {
      entry.until = now() + ('error' in answer ? keptFailureMs : keptMs)
      return answer
    })
  }
}

/**
 * Asks the name servers without a thread for each question (getaddrinfo would hold one of libuv's four for as
 * long as a dead server is silent). Names without a dot, and names that the servers do not know, go to the
 * system's own lookup, which also knows the hosts file.
 */
export function systemResolve(): Resolve {
  const resolver = new Resolver({ timeout: queryTimeoutMs, tries: queryTries })
  return async (hostname) => {
    if (!hostname.replace(/\.$/, '').includes('.')) return looked(hostname, true)
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
    const addresses: Address[] = []
    if (v4.status === 'fulfilled') for (const address of v4.value) addresses.push({ address, family: 4 })
    if (v6.status === 'fulfilled') for (const address of v6.value) addresses.push({ address, family: 6 })
    if (addresses.length > 0) return addresses
    const code = v4.status === 'rejected' ? codeOf(v4.reason) : 'ENODATA'
    if (code === 'ETIMEOUT') return { error: `${hostname}: no answer from the name servers` }
    return looked(hostname, code === 'ENOTFOUND' || code === 'ENODATA')
  }
}

/** `denied`: whoever else was to be asked has said that there is no such name; some systems say so whenever they are offline. */
async function looked(hostname: string, denied: boolean): Promise<readonly Address[] | Unresolved> {
  try {
    const found = await lookup(hostname, { all: true, order: 'ipv4first' })
    const addresses = found.map(({ address, family }): Address => ({ address, family: family === 6 ? 6 : 4 }))
    return addresses.length > 0 ? addresses : { error: `${hostname} has no address` }
  } catch (error) {
    const code = codeOf(error)
    const unresolved: Unresolved = { error: `${hostname}: ${code}` }
    return denied && code === 'ENOTFOUND' ? { ...unresolved, noSuchName: true } : unresolved
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
