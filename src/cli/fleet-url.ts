/** The fleet that a command is for: the flag's, else the environment's. Pure. */
export function fleetUrlOf(
  flag: string | null,
  environment: string | null,
): { readonly url: string } | { readonly problem: string } {
  const url = flag ?? environment
  return url === null
    ? { problem: 'no fleet given: --backend redis://HOST:PORT, or set PAIRMILL_BACKEND' }
    : { url }
}
