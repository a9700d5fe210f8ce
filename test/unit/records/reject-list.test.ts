import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createRejectList,
  digestsOfHex,
  noRejectEntries,
  type RejectKind,
  rejectEntries,
  sha256Of,
  unionOfEntries,
} from '../../../src/records/index.js'
import { runs } from '../../fixtures/runs.js'

const entriesOf = (lists: Partial<Record<RejectKind, readonly string[]>>) =>
  rejectEntries((kind, width) => digestsOfHex(width, lists[kind] ?? []))
const listOf = (lists: Partial<Record<RejectKind, readonly string[]>>) => createRejectList(entriesOf(lists))
const hashes = (...texts: string[]) => texts.map((text) => sha256Of(text).toString('hex'))

const bytes = Buffer.from('the bytes of an image')
const sha256 = createHash('sha256').update(bytes).digest('hex')
const md5 = createHash('md5').update(bytes).digest('hex')

describe('a list of what is never to be taken', () => {
  it('covers exactly the host that it names, on every port', () => {
    const list = listOf({ hosts: hashes('example.org', '[::1]') })
    const refused = ['http://example.org/', 'https://example.org:8443/a?b', 'http://[::1]:8080/']
    const not = ['http://www.example.org/', 'http://example.org.uk/', 'http://org/', 'http://[::2]/']
    expect(refused.filter((url) => !list.refusesUrl(url))).toEqual([])
    expect(not.filter((url) => list.refusesUrl(url))).toEqual([])
  })

  it('covers with *. all hosts below one, and not that one', () => {
    const list = listOf({ hosts: hashes('*.example.org') })
    expect(list.refusesUrl('http://a.b.example.org:81/')).toBe(true)
    expect(list.refusesUrl('http://www.example.org/')).toBe(true)
    expect(list.refusesUrl('http://example.org/')).toBe(false)
    expect(list.refusesUrl('http://myexample.org/')).toBe(false)
  })

  it('covers a URL by its canonical spelling', () => {
    const list = listOf({ urls: hashes('http://example.org/a.jpg') })
    expect(list.refusesUrl('http://example.org/a.jpg')).toBe(true)
    expect(list.refusesUrl('http://example.org/a.jpg?b')).toBe(false)
  })

  it('covers an image by its SHA-256, its MD5, or the uid that is made of its SHA-256', () => {
    const other = { sha256: sha256.replace(/^./, (c) => (c === '0' ? '1' : '0')), md5: md5.replace(/.$/, '') }
    for (const list of [{ images: [sha256] }, { md5s: [md5] }, { uids: [sha256.slice(0, 32)] }].map(listOf)) {
      expect(list.refusesImage({ sha256, md5 })).toBe(true)
      expect(list.refusesImage({ sha256: other.sha256, md5: `${other.md5}x` })).toBe(false)
    }
    expect(listOf({ uids: [md5] }).refusesUid(md5)).toBe(true)
    expect(listOf({ md5s: [md5] }).asksBytes).toEqual({ sha256: false, md5: true })
    expect(listOf({ uids: [md5] }).asksBytes).toEqual({ sha256: true, md5: false })
  })

  it('covers a perceptual hash, and those that differ from it in three bits at most', () => {
    const hash = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    const bits = fc.uniqueArray(fc.nat({ max: 63 }), { maxLength: 6 })
    const hex = (value: bigint) => value.toString(16).padStart(16, '0')
    fc.assert(
      fc.property(fc.array(hash, { minLength: 1, maxLength: 20 }), bits, ([one = 0n, ...more], flipped) => {
        const asked = flipped.reduce((value, bit) => value ^ (1n << BigInt(bit)), one)
        const isNear = (value: bigint) => hex(value ^ asked).length === 16 && bitsOf(value ^ asked) <= 3
        const list = listOf({ phashes: [one, ...more].map(hex) })
        expect(list.refusesPhash(hex(asked))).toBe([one, ...more].some(isNear))
      }),
      { numRuns: runs.text },
    )
  })

  it('covers nothing where nothing is on it', () => {
    const none = createRejectList(noRejectEntries)
    expect(none.isEmpty).toBe(true)
    expect(none.refusesUrl('http://example.org/')).toBe(false)
    expect(none.refusesImage({ sha256, md5 })).toBe(false)
    expect(none.refusesPhash('0000000000000000')).toBe(false)
    expect(none.asksBytes).toEqual({ sha256: false, md5: false })
  })

  it('covers, of several joined, what any of them does', () => {
    const joined = createRejectList(
      unionOfEntries([entriesOf({ images: [sha256] }), entriesOf({ hosts: hashes('example.org') })]),
    )
    expect(joined.isEmpty).toBe(false)
    expect(joined.refusesImage({ sha256 })).toBe(true)
    expect(joined.refusesUrl('http://example.org/')).toBe(true)
  })
})

const bitsOf = (value: bigint) => value.toString(2).replaceAll('0', '').length
