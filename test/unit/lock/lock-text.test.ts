import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isTextOf, lockText } from '../../../src/lock/fence/lock-text.js'

const word = fc.stringMatching(/^[\x21-\x7e]{1,40}$/)
const owners = fc.record({
  pid: fc.integer({ min: 1 }),
  startedTicks: fc.option(word),
  since: fc.constant('2026-01-02T03:04:05.000Z'),
  host: fc.option(word),
  bootId: fc.option(word),
  pidNamespace: fc.option(word),
})

describe("a lock's text", () => {
  it('is known as its own after any number of beats, and keeps its length', () => {
    fc.assert(
      fc.property(owners, fc.uuid(), fc.maxSafeNat(), (owner, token, beat) => {
        const text = lockText(owner, token, beat)
        expect(isTextOf(text, owner, token)).toBe(true)
        expect(text).toHaveLength(lockText(owner, token, 0).length)
      }),
    )
  })

  it("is never taken for another's, nor is a part of it for the whole", () => {
    fc.assert(
      fc.property(owners, fc.uuid(), fc.uuid(), fc.nat(), (owner, token, other, at) => {
        fc.pre(token !== other)
        const text = lockText(owner, token, 1)
        expect(isTextOf(text, owner, other)).toBe(false)
        expect(isTextOf(text, { ...owner, pid: owner.pid + 1 }, token)).toBe(false)
        expect(isTextOf(text.slice(0, at % text.length), owner, token)).toBe(false)
        expect(isTextOf(`${text}{}\n`, owner, token)).toBe(false)
      }),
    )
  })
})
