import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressVerdict, type Cidr, createNet, parseCidr } from '../../src/net/index.js'

/** Hosts as a hostile page writes them into a URL; each must be refused before anything is dialled. */
const hostileHosts: [string, string][] = [
  ['loopback', '127.0.0.1'],
  ['loopback, short', '127.1'],
  ['loopback, three parts', '127.0.1'],
  ['loopback, decimal', '2130706433'],
  ['loopback, hex', '0x7f000001'],
  ['loopback, upper-case hex', '0X7F000001'],
  ['loopback, hex parts', '0x7f.0x0.0x0.0x1'],
  ['loopback, octal', '017700000001'],
  ['loopback, octal parts', '0177.0.0.01'],
  ['loopback, mixed bases', '0x7f.0.0.01'],
  ['loopback, hex and short', '0x7f.1'],
  ['loopback, padded octal', '0000177.0.0.1'],
  ['loopback, trailing dot', '127.0.0.1.'],
  ['loopback, full-width digits', '127.0.0.1'],
  ['loopback, ideographic full stops', '127。0。0。1'],
  ['loopback, circled digits', '①②⑦.⓪.⓪.①'],
  ['loopback, percent-encoded', '%31%32%37.0.0.1'],
  ['loopback, elsewhere in the network', '127.255.255.254'],
  ['loopback, IPv6', '[::1]'],
  ['loopback, IPv6 in full', '[0000:0000:0000:0000:0000:0000:0000:0001]'],
  ['loopback, IPv4-mapped', '[::ffff:127.0.0.1]'],
  ['loopback, IPv4-mapped in hex', '[::ffff:7f00:1]'],
  ['loopback, IPv4-compatible', '[::127.0.0.1]'],
  ['loopback, IPv4-translated', '[::ffff:0:127.0.0.1]'],
  ['loopback, NAT64', '[64:ff9b::127.0.0.1]'],
  ['loopback, local NAT64', '[64:ff9b:1::127.0.0.1]'],
  ['loopback, 6to4', '[2002:7f00:1::]'],
  ['unspecified', '0.0.0.0'],
  ['unspecified, one digit', '0'],
  ['unspecified, hex', '0x0'],
  ['unspecified, IPv6', '[::]'],
  ['unspecified, IPv4-mapped', '[::ffff:0.0.0.0]'],
  ['this network', '0.1.2.3'],
  ['private 10', '10.0.0.1'],
  ['private 10, decimal', '167772161'],
  ['private 10, short', '10.1'],
  ['private 172', '172.16.0.1'],
  ['private 172, last', '172.31.255.255'],
  ['private 192', '192.168.1.1'],
  ['private 192, hex', '0xc0a80101'],
  ['private 192, IPv4-mapped', '[::ffff:192.168.1.1]'],
  ['private 192, NAT64', '[64:ff9b::c0a8:101]'],
  ['private 10, 6to4', '[2002:a00:1::1]'],
  ['carrier-grade NAT', '100.64.0.1'],
  ['carrier-grade NAT, last', '100.127.255.255'],
  ['metadata (AWS, GCP, Azure)', '169.254.169.254'],
  ['metadata, decimal', '2852039166'],
  ['metadata, octal parts', '0251.0376.0251.0376'],
  ['metadata, hex', '0xa9fea9fe'],
  ['metadata, IPv4-mapped', '[::ffff:a9fe:a9fe]'],
  ['metadata, NAT64', '[64:ff9b::169.254.169.254]'],
  ['metadata, AWS over IPv6', '[fd00:ec2::254]'],
  ['metadata, AWS tasks', '169.254.170.2'],
  ['metadata, Alibaba', '100.100.100.200'],
  ['metadata, Oracle', '192.0.0.192'],
  ['metadata, Azure wire server', '168.63.129.16'],
  ['link-local, IPv6', '[fe80::1]'],
  ['site-local, IPv6', '[fec0::1]'],
  ['unique local', '[fc00::1]'],
  ['unique local, upper half', '[fdff::1]'],
  ['multicast', '224.0.0.1'],
  ['multicast, last', '239.255.255.255'],
  ['multicast, IPv6', '[ff02::1]'],
  ['broadcast', '255.255.255.255'],
  ['broadcast, decimal', '4294967295'],
  ['reserved', '240.0.0.1'],
  ['IETF protocol assignments', '192.0.0.8'],
  ['documentation 1', '192.0.2.1'],
  ['documentation 2', '198.51.100.1'],
  ['documentation 3', '203.0.113.1'],
  ['documentation, IPv6', '[2001:db8::1]'],
  ['documentation, IPv6, new', '[3fff::1]'],
  ['benchmarking', '198.18.0.1'],
  ['benchmarking, IPv6', '[2001:2::1]'],
  ['6to4 relay', '192.88.99.1'],
  ['Teredo', '[2001::1]'],
  ['ORCHID', '[2001:20::1]'],
  ['discard', '[100::1]'],
  ['segment routing', '[5f00::1]'],
  ['unassigned IPv6', '[4000::1]'],
]

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
