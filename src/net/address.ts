import { createRequire } from 'node:module'
import { isIP } from 'node:net'
import type { IPv4, IPv6 } from 'ipaddr.js'
import { parseAddressRange } from '../records/index.js'

// Required, not imported: its names would be looked for in the whole of its text first.
const ipaddr = createRequire(import.meta.url)('ipaddr.js') as typeof import('ipaddr.js')

type Ip = IPv4 | IPv6

/** A network: its address and the length of its prefix in bits. */
export interface Cidr {
  readonly network: Ip
  readonly bits: number
}

type AddressVerdict =
  | { readonly allowed: true }
  /** `range` names what the address is, e.g. `loopback`. */
  | { readonly allowed: false; readonly range: string }

/** Reads `10.0.0.0/8`, `fd00::/8` or a single address. */
export function parseCidr(text: string): Cidr | { error: string } {
  const range = parseAddressRange(text)
  return 'error' in range ? range : { network: ipOf(range.address), bits: range.bits }
}

/** Public by number, but a cloud's own host to a machine within it (Azure's wire server). */
const metadata: readonly Cidr[] = [{ network: ipaddr.parse('168.63.129.16'), bits: 32 }]

const globalUnicast = ipaddr.parse('2000::')
const nat64 = ipaddr.parse('64:ff9b::')

/**
 * Whether an address may be dialled: only a globally reachable unicast one (RFC 6890 and the registries it
 * founded), or one within `allow`. An address that wraps an IPv4 one and reaches it (IPv4-mapped, and the
 * well-known NAT64 prefix of RFC 6052) is judged by the one inside; other wrappings are refused.
 */
export function addressVerdict(address: string, allow: readonly Cidr[]): AddressVerdict {
  if (isIP(address) === 0) return { allowed: false, range: 'no address' }
  const ip = ipOf(address)
  if (within(ip, allow)) return { allowed: true }
  const inner = unwrapped(ip)
  if (inner !== null && within(inner, allow)) return { allowed: true }
  const range = rangeOf(inner ?? ip)
  return range === null ? { allowed: true } : { allowed: false, range }
}

/**
 * The URL parser writes IPv6 in hex first: ipaddr.js takes `::1.2.3.4` (IPv4-compatible) for IPv4-mapped. A zone
 * says which link, not what kind of address.
 */
function ipOf(address: string): Ip {
  if (isIP(address) === 4) return ipaddr.parse(address)
  const [text] = address.split('%')
  return ipaddr.parse(new URL(`http://[${text}]/`).hostname.slice(1, -1))
}

/** Range that makes an address not public; null = public. */
function rangeOf(ip: Ip): string | null {
  if (within(ip, metadata)) return 'metadata'
  const range = ip.range()
  if (range !== 'unicast') return range
  if (ip instanceof ipaddr.IPv6 && !ip.match(globalUnicast, 3)) return 'reserved'
  return null
}

function unwrapped(ip: Ip): Ip | null {
  if (!(ip instanceof ipaddr.IPv6)) return null
  if (ip.isIPv4MappedAddress()) return ip.toIPv4Address()
  if (ip.match(nat64, 96)) return ipaddr.fromByteArray(ip.toByteArray().slice(12))
  return null
}

function within(ip: Ip, networks: readonly Cidr[]): boolean {
  return networks.some(({ network, bits }) => network.kind() === ip.kind() && ip.match(network, bits))
}
