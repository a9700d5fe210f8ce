import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressVerdict, type Cidr, createNet, parseCidr } from '../../../src/net/index.js'
import { hostileHosts } from '../../fixtures/net/hostile-hosts.js'

const publicAddresses = [
  '1.1.1.1',
  '8.8.8.8',
  '93.184.215.14',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '169.253.255.255',
  '192.167.255.255',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450:4001:82a::200e',
  '2001:4860:4860::8888',
  '64:ff9b::101:101',
  '::ffff:1.1.1.1',
]

function networks(...texts: string[]): Cidr[] {
  return texts.map((text) => {
    const cidr = parseCidr(text)
    if ('error' in cidr) throw new Error(cidr.error)
    return cidr
  })
}

const ipv4 = fc.ipV4()

describe('the address check', () => {
  it.each(hostileHosts)('refuses %s: http://%s/', async (_name, host) => {
    const net = createNet({ userAgent: 'test', connectTo: [], allowPrivate: [], resolve: noNames })
    const outcome = await net.fetch(
      { url: `http://${host}:1/`, accept: '*/*', maxBytes: 1, deadlineMs: 5000 },
      new AbortController().signal,
    )
    await net.close()
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'address_refused' })
  })

  it.each(publicAddresses)('allows %s', (address) => {
    expect(addressVerdict(address, [])).toEqual({ allowed: true })
  })

  it('refuses what is no address', () => {
    for (const text of ['', 'example.com', '1.2.3', '0x7f000001', '127.0.0.1 ', '[::1]']) {
      expect(addressVerdict(text, [])).toMatchObject({ allowed: false })
    }
  })

  it('sees through a zone identifier', () => {
    expect(addressVerdict('fe80::1%eth0', [])).toEqual({ allowed: false, range: 'linkLocal' })
  })

  it('allows exactly what lies within the networks it is given', () => {
    const allow = networks('127.0.0.0/8', '10.1.2.3', 'fd00::/8')
    expect(addressVerdict('127.3.4.5', allow).allowed).toBe(true)
    expect(addressVerdict('10.1.2.3', allow).allowed).toBe(true)
    expect(addressVerdict('10.1.2.4', allow).allowed).toBe(false)
    expect(addressVerdict('fd12::1', allow).allowed).toBe(true)
    expect(addressVerdict('fc12::1', allow).allowed).toBe(false)
    expect(addressVerdict('::1', allow).allowed).toBe(false)
    expect(addressVerdict('::ffff:127.0.0.1', allow).allowed).toBe(true)
  })

  it('judges an IPv4 address alike in whatever it is wrapped', () => {
    fc.assert(
      fc.property(ipv4, (address) => {
        const plain = addressVerdict(address, [])
        expect(addressVerdict(`::ffff:${address}`, [])).toEqual(plain)
        expect(addressVerdict(`64:ff9b::${address}`, [])).toEqual(plain)
        expect(addressVerdict(`::${address}`, []).allowed).toBe(false)
        expect(addressVerdict(`::ffff:0:${address}`, []).allowed).toBe(false)
      }),
    )
  })

  it('allows all within a network of its own making, and nothing that differs in the prefix', () => {
    fc.assert(
      fc.property(ipv4, fc.integer({ min: 1, max: 32 }), (address, bits) => {
        const [network] = networks(`${address}/${bits}`)
        expect(addressVerdict(address, [network!])).toEqual({ allowed: true })
        const flipped = asNumber(address) ^ (1 << (32 - bits))
        const neighbour = [24, 16, 8, 0].map((shift) => (flipped >>> shift) & 255).join('.')
        expect(addressVerdict(neighbour, [network!])).toEqual(addressVerdict(neighbour, []))
      }),
    )
  })
})

describe('parseCidr', () => {
  it.each(['10.0.0.0/8', '10.0.0.1', '::1', 'fd00::/8', '0.0.0.0/0', '::/0', ' 127.0.0.0/8 '])(
    'reads %s',
    (text) => {
      expect(parseCidr(text)).not.toHaveProperty('error')
    },
  )

  it.each([
    '',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10/8',
    'localhost',
    'fe80::1%eth0/64',
    '0x7f.1/8',
  ])('says what is wrong with "%s"', (text) => {
    expect(parseCidr(text)).toHaveProperty('error')
  })
})

async function noNames(hostname: string): Promise<{ error: string }> {
  return { error: `${hostname} was taken for a name` }
}

function asNumber(address: string): number {
  return address.split('.').reduce((sum, part) => (sum << 8) | Number(part), 0)
}
