import { createRequire } from 'node:module'

// Required, not imported: to read 200 kB of CommonJS for the names that it exports costs each start 0.04 s of CPU.
const { getDomain } = createRequire(import.meta.url)('tldts') as typeof import('tldts')

/**
 * The registrable domain of a host name, one label below a public suffix (publicsuffix.org, private suffixes as well): `shop.test.co.uk`
 * gives `test.co.uk`. null = it has none, as an address or a suffix itself.
 */
export function registrableDomain(hostName: string): string | null {
  return getDomain(hostName, { allowPrivateDomains: true })
}
