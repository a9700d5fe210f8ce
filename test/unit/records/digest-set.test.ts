import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createDigestSet,
  type DigestSet,
  digestsOfHex,
  hexOfDigests,
  unionOfDigests,
} from '../../../src/records/index.js'
import { runs } from '../../fixtures/runs.js'

/** Digests of which many share their first bytes, and some are equal. */
const digest = (width: number) =>
  fc
    .tuple(
      fc.constantFrom(0, width - 2),
      fc.uint8Array({ minLength: width, maxLength: width }),
      fc.constantFrom(0, 7, 255),
    )
    .map(([same, bytes, value]) => Buffer.from(bytes.fill(value, 0, same)))

const widthAndDigests = fc
  .constantFrom(8, 16, 32)
  .chain((width) => fc.tuple(fc.constant(width), fc.array(digest(width), { maxLength: 60 })))

const hex = (set: DigestSet) => [...hexOfDigests(set)]

describe('a set of digests', () => {
  it('has those that it was given, in order and once, and no other', () => {
    fc.assert(
      fc.property(widthAndDigests, fc.nat(), ([width, digests], at) => {
        const set = createDigestSet(width, Buffer.concat(digests))
        expect([...hexOfDigests(set)]).toEqual([...new Set(digests.map((d) => d.toString('hex')))].sort())
        expect(set.size).toBe(set.bytes.length / width)
        for (const one of digests) {
          expect(set.has(one)).toBe(true)
          const other = Buffer.from(one)
          other[at % width] = (other[at % width] ?? 0) ^ 1
          expect(set.has(other)).toBe(digests.some((d) => d.equals(other)))
        }
      }),
      { numRuns: runs.text },
    )
  })

  it('is the same in whatever order and sets its digests come', () => {
    fc.assert(
      fc.property(widthAndDigests, fc.nat(), ([width, digests], at) => {
        const cut = at % (digests.length + 1)
        const setOf = (some: readonly Uint8Array[]) => createDigestSet(width, Buffer.concat(some))
        const union = unionOfDigests(width, [setOf(digests.slice(cut)), setOf(digests.slice(0, cut + 1))])
        expect(hex(union)).toEqual(hex(setOf(digests)))
        expect(hex(digestsOfHex(width, hex(union)))).toEqual(hex(union))
      }),
      { numRuns: runs.text },
    )
  })

  it('may be empty', () => {
    const none = createDigestSet(32, new Uint8Array())
    expect([none.size, none.has(Buffer.alloc(32)), [...hexOfDigests(none)]]).toEqual([0, false, []])
  })
})
