import { isIP } from 'node:net'

/** The addresses whose first `bits` bits are those of `address`, which is written without brackets. */
interface AddressRange {
  readonly address: string
  readonly bits: number
}

/** Reads `10.0.0.0/8`, `fd00::/8` (RFC 4632 section 3.1, RFC 4291 section 2.3) or a single address, a range of its own. */
export function parseAddressRange(text: string): AddressRange | { error: string } {
  const [address = '', prefix, ...rest] = text.trim().split('/')
  const family = isIP(address)
  if (family === 0 || address.includes('%') || rest.length > 0) {
    return { error: `"${text}" is not a network such as 10.0.0.0/8 or fd00::/8` }
  }
  const widest = family === 4 ? 32 : 128
  if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) {
    return { error: `"${text}" has a prefix length that is not a number` }
  }
  const bits = prefix === undefined ? widest : Number(prefix)
  return bits > widest ? { error: `"${text}" has a prefix length over ${widest}` } : { address, bits }
}
