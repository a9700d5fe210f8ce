import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { candidateNumber, captionHash, contentNumber, urlNumber } from '../../../../src/backend/redis/hash.js'
import { rootOf } from '../../../../src/backend/redis/keys.js'
import { leasedUrlOf, urlBody } from '../../../../src/backend/redis/url-record.js'

const host = fc.domain()
const hostAndPort = fc.tuple(host, fc.constantFrom('', ':8080')).map(([name, port]) => name + port)
const url = fc
  .tuple(fc.constantFrom('http', 'https'), hostAndPort, fc.webPath(), fc.webQueryParameters())
  .map(([scheme, at, path, query]) => `${scheme}://${at}${path}?${query}`)

describe('a URL in a queue', () => {
  it('comes out as it went in, whatever its host and anchor', () => {
    const offers = fc.record({
      url,
      host: hostAndPort,
      depth: fc.nat(),
      anchor: fc.oneof(host, fc.constant('')),
      redirects: fc.nat(5),
    })
    fc.assert(
      fc.property(offers, fc.boolean(), fc.nat(), fc.nat(9), (offer, own, id, attempts) => {
        const at = own ? new URL(offer.url).host : offer.host
        const given = { ...offer, host: at }
        const { host: _, ...told } = given
        expect(leasedUrlOf(`${id} ${offer.depth} ${attempts} ${urlBody(given)}`, at)).toEqual({
          ...told,
          id,
          attempts,
        })
      }),
    )
  })

  it('says its host once', () => {
    const offer = {
      url: 'https://www.example.org/a',
      host: 'www.example.org',
      depth: 1,
      anchor: 'www.example.org',
      redirects: 0,
    }
    expect(urlBody(offer)).toBe('0 = s/a')
  })
})

describe('numbers that stand for what is known', () => {
  it('give their address back as a double, whichever way it is rounded', () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array({ minLength: 16, maxLength: 16 }), (text, bytes) => {
        const key = Buffer.from(bytes).toString('hex')
        for (const number of [urlNumber(text), contentNumber(text), candidateNumber(key)]) {
          const exact = BigInt(number)
          expect(Math.floor(Number(number) / 2 ** 32)).toBe(Number(exact >> 32n))
          expect(exact & 0xffff_ffffn).toBeLessThan(2n ** 31n)
          expect(BigInt.asIntN(64, exact)).toBe(exact)
        }
      }),
    )
    expect(Math.floor(Number(candidateNumber('7fffffffffffffff0000000000000000')) / 2 ** 32)).toBe(
      2 ** 31 - 1,
    )
    expect(Math.floor(Number(candidateNumber('80000000ffffffff0000000000000000')) / 2 ** 32)).toBe(-(2 ** 31))
  })

  it('are the same for the same text, and for captions whatever their case', () => {
    expect(urlNumber('http://a.test/')).toBe(urlNumber('http://a.test/'))
    expect(urlNumber('http://a.test/')).not.toBe(urlNumber('http://b.test/'))
    expect(captionHash('ÜBER')).toEqual(captionHash('über'))
    expect(captionHash('a')).toHaveLength(7)
  })
})

describe('a prefix', () => {
  it('becomes the hash tag, and holds nothing that would break one', () => {
    expect(rootOf('pairmill')).toBe('{pairmill}:')
    for (const prefix of ['', 'a b', 'a}b', 'ü', 'a'.repeat(41)])
      expect(() => rootOf(prefix)).toThrow('Redis prefix')
  })
})
