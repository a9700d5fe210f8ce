import { isIP } from 'node:net'
import { type ConnectTo, routed } from '../records/index.js'
import { addressVerdict } from './address.js'
import type { Resolve } from './resolve.js'

/** Bits of an IPv6 address that name a network; what follows is one machine's to choose. */
const networkGroups = 4

/** See Net.placeOf. Of several addresses one stands for all, whatever order they come in. */
export async function placeOf(
  host: string,
  connectTo: readonly ConnectTo[],
  resolve: Resolve,
): Promise<string | null> {
  const { hostname, port } = new URL(`http://${host}/`)
  const name = hostname.replace(/^\[|\]$/g, '')
  const wanted = { host: name, port: port === '' ? 80 : Number(port) }
  if (routed(connectTo, wanted).host !== name) return null
  const found = isIP(name) === 0 ? await resolve(name) : [{ address: name, family: isIP(name) }]
  if ('error' in found) return null
  const open = found.filter(({ address }) => addressVerdict(address, []).allowed)
  const v4 = open.flatMap(({ address, family }) => (family === 4 ? [address] : [])).toSorted()
  const v6 = open.flatMap(({ address, family }) => (family === 6 ? [networkOf(address)] : [])).toSorted()
  return v4[0] ?? v6[0] ?? null
}

function networkOf(address: string): string {
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0')
  return `${[...left, ...zeros, ...right].slice(0, networkGroups).join(':')}::/64`
}
