import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digestsOfHex, noRejectEntries, rejectEntries } from '../../../src/records/index.js'
import { encodeRetracted, mergeRetracted, parseRetracted, readRetracted } from '../../../src/shard/index.js'
import { runs } from '../../fixtures/runs.js'

/** Few of each length, so that two lists often have one in common. */
const hexDigits = (bytes: number) =>
  fc.nat(99).map((number) =>
    createHash('sha256')
      .update(`${number}`)
      .digest('hex')
      .slice(0, 2 * bytes),
  )
const lists = fc.record({
  hosts: fc.array(hexDigits(32), { maxLength: 5 }),
  urls: fc.array(hexDigits(32), { maxLength: 5 }),
  images: fc.array(hexDigits(32), { maxLength: 5 }),
  phashes: fc.array(hexDigits(8), { maxLength: 5 }),
  uids: fc.array(hexDigits(16), { maxLength: 5 }),
})
const entries = lists.map((some) =>
  rejectEntries((kind, width) => digestsOfHex(width, kind === 'md5s' ? [] : some[kind])),
)
const textOf = (given: unknown) => JSON.stringify(given)

describe('tombstones', () => {
  it('are read as they were written, sorted and each once', () => {
    fc.assert(
      fc.property(lists, (some) => {
        const doubled = Object.fromEntries(Object.entries(some).map(([kind, of]) => [kind, [...of, ...of]]))
        const parsed = parseRetracted(textOf({ v: 1, ...doubled }))
        if ('message' in parsed) throw new Error(parsed.message)
        const sorted = Object.entries(some).map(([kind, of]) => [kind, [...new Set(of)].sort()])
        const written = encodeRetracted(parsed.entries).toString()
        expect(JSON.parse(written)).toEqual({ v: 1, ...Object.fromEntries(sorted) })
        expect(parseRetracted(written)).toMatchObject({
          entries: { hosts: { size: sorted[0]?.[1]?.length } },
        })
      }),
      { numRuns: runs.text },
    )
  })

  it('are joined to the same bytes, whichever were first', () => {
    fc.assert(
      fc.property(entries, entries, (a, b) => {
        // Texts: to compare bytes one by one takes longer than all else.
        const written = (given: typeof a) => encodeRetracted(given).toString()
        const joined = written(mergeRetracted(a, b))
        expect(written(mergeRetracted(b, a))).toBe(joined)
        expect(written(mergeRetracted(mergeRetracted(a, b), a))).toBe(joined)
        expect(written(mergeRetracted(noRejectEntries, a))).toBe(written(a))
      }),
      { numRuns: runs.text },
    )
  })

  it('say what is wrong with a file that is none', () => {
    expect(parseRetracted('{')).toEqual({ message: 'it is no JSON' })
    expect(parseRetracted('{"v":1,"hosts":["example.org"]}')).toEqual({
      message: 'hosts.0: expected 64 hex digits',
    })
    expect(parseRetracted('{"v":2}')).toMatchObject({ message: expect.stringMatching(/^v: /) })
  })

  it('are none where there is no file, and are not guessed where it cannot be read', async () => {
    const { signal } = new AbortController()
    const storeOf = (text: string | null) => ({
      url: 'file:///data',
      read: async () => (text === null ? null : Buffer.from(text)),
    })
    expect(await readRetracted(storeOf(null), signal)).toBe(noRejectEntries)
    const { phashes } = await readRetracted(storeOf('{"v":1,"phashes":["00000000000000ff"]}'), signal)
    expect(phashes.size).toBe(1)
    await expect(readRetracted(storeOf('{"v":9}'), signal)).rejects.toThrow(
      'file:///data/.pairmill/retracted.json: v: ',
    )
  })
})
