import { isIP } from 'node:net'
import type { ResponseHead } from './outcome.js'
import { registrableDomain } from './registrable-domain.js'

interface Cookie {
  readonly name: string
  readonly value: string
  /** Host that it goes to, and where `isWide` those below it. */
  readonly domain: string
  readonly isWide: boolean
  readonly path: string
  readonly isSecure: boolean
}

/** Of one chain; browsers keep as many of one host. */
const maxCookies = 50
/** Name and value. */
const maxLength = 4096

/**
 * Cookies that the answers of one chain of redirects set, for its next requests (RFC 6265, as far as one chain needs it). They live as long
 * as the chain, and are sent along it alone.
 */
export class ChainCookies {
  #cookies: readonly Cookie[] = []

  /** Takes what an answer from `url` sets, and drops what it takes back. */
  take(url: string, { headers }: ResponseHead, nowMs: number): void {
    const from = new URL(url)
    for (const line of headers['set-cookie']?.split('\n') ?? []) {
      const read = cookieOf(line, from, nowMs)
      if (read === null) continue
      const { cookie, isOver } = read
      const others = this.#cookies.filter(
        ({ name, domain, path }) => name !== cookie.name || domain !== cookie.domain || path !== cookie.path,
      )
      this.#cookies = isOver ? others : [...others, cookie].slice(-maxCookies)
    }
  }

  /** Value of the Cookie field of a request; null = none goes there. */
  valueFor(url: string): string | null {
    const to = new URL(url)
    const sent = this.#cookies
      .filter((cookie) => goesTo(cookie, to))
      // RFC 6265 section 5.4: longer paths first.
      .toSorted((a, b) => b.path.length - a.path.length)
      .map(({ name, value }) => (name === '' ? value : `${name}=${value}`))
    return sent.length === 0 ? null : sent.join('; ')
  }
}

/** RFC 6265 sections 5.2 and 5.3; null = it is not to be kept. */
function cookieOf(
  line: string,
  from: URL,
  nowMs: number,
): { readonly cookie: Cookie; readonly isOver: boolean } | null {
  const [pair = '', ...rest] = line.split(';')
  const equals = pair.indexOf('=')
  const name = equals < 0 ? '' : pair.slice(0, equals).trim()
  const value = pair.slice(equals + 1).trim()
  if ((name === '' && value === '') || name.length + value.length > maxLength) return null
  const attributes = new Map(
    rest.map((attribute): [string, string] => {
      const [key = '', ...said] = attribute.split('=')
      return [key.trim().toLowerCase(), said.join('=').trim()]
    }),
  )
  const isSecure = attributes.has('secure')
  if (isSecure && from.protocol !== 'https:') return null
  const asked = (attributes.get('domain') ?? '').replace(/^\./, '').toLowerCase()
  const isWide = asked !== '' && asked !== from.hostname
  if (isWide && !mayWiden(from.hostname, asked)) return null
  const path = attributes.get('path') ?? ''
  const cookie: Cookie = {
    name,
    value,
    domain: asked === '' ? from.hostname : asked,
    isWide: asked !== '' && isIP(asked) === 0,
    path: path.startsWith('/') ? path : from.pathname.slice(0, Math.max(1, from.pathname.lastIndexOf('/'))),
    isSecure,
  }
  return { cookie, isOver: isOver(attributes, nowMs) }
}

/** A domain of which `host` is part, and which is nobody's public suffix. */
function mayWiden(host: string, domain: string): boolean {
  return isIP(host) === 0 && host.endsWith(`.${domain}`) && registrableDomain(domain) !== null
}

/** A cookie is taken back by an end that lies in the past; no chain lasts so long that another one matters. */
function isOver(attributes: ReadonlyMap<string, string>, nowMs: number): boolean {
  const age = attributes.get('max-age')
  if (age !== undefined && /^-?\d+$/.test(age)) return Number(age) <= 0
  return Date.parse(attributes.get('expires') ?? '') <= nowMs
}

function goesTo({ domain, isWide, path, isSecure }: Cookie, to: URL): boolean {
  if (isSecure && to.protocol !== 'https:') return false
  if (to.hostname !== domain && !(isWide && to.hostname.endsWith(`.${domain}`))) return false
  return to.pathname === path || to.pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
}
