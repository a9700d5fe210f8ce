import { readFleetUrl } from '../workers/index.js'

/** The fleet that a command is for: the flag's, else the environment's. Pure. */
export function fleetUrlOf(
  flag: string | null,
  environment: string | null,
): { readonly url: string } | { readonly problem: string } {
  const url = flag ?? environment
  if (url === null) {
    return { problem: 'no fleet given: --backend redis://HOST:PORT, or set PAIRMILL_BACKEND' }
  }
  const read = readFleetUrl(url)
  return 'problem' in read ? read : { url }
}
