import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pageSkipExplanations, rejectExplanations } from '../../../src/cli/reasons.js'
import { isPictured, rejectReasons } from '../../../src/records/index.js'
import { hashDistance } from '../../../src/report/duplicates.js'
import { candidateFacts, groupOf, optionTexts, reasonFacts } from '../../../src/report/facts.js'
import { withValue } from '../../../src/report/meanings.js'
import { runs } from '../../fixtures/runs.js'

const reasons = Object.values(rejectReasons).flat()

describe('the way of candidates', () => {
  it('leads from all of them to the kept ones, whatever the reasons are', () => {
    const counts = fc.dictionary(fc.constantFrom(...reasons, 'new_reason'), fc.nat({ max: 1_000 }))
    fc.assert(
      fc.property(counts, fc.nat({ max: 1_000 }), (rejected, kept) => {
        const named = Object.entries(rejected).map(([name, count]) => ({ name, count }))
        const facts = reasonFacts(named, rejectExplanations, {})
        const all = kept + named.reduce((sum, { count }) => sum + count, 0)
        const { groups } = candidateFacts(all, kept, facts)
        expect(groups.at(-1)?.left ?? kept).toBe(kept)
        let left = all
        for (const group of groups) {
          left -= group.rejected
          expect(group.left).toBe(left)
        }
      }),
      { numRuns: runs.text },
    )
  })

  it('knows a group for every reason that it may meet', () => {
    const others = reasons.filter((reason) => groupOf(reason) === 'other')
    expect(others).toEqual(['max_pairs', 'listed', 'retracted', 'crashed', 'curated_out'])
    expect(groupOf('a reason of a later version')).toBe('other')
  })
})

describe('a reason', () => {
  it('says what it means, and the value that its option has', () => {
    const [fact] = reasonFacts([{ name: 'side_small', count: 3 }], rejectExplanations, { minSide: 200 })
    expect(fact?.meaning).toBe('image is too small (--min-side 200)')
    expect(withValue('caption does not fit (--threshold)', { threshold: null })).toContain('(--threshold)')
  })

  it('shows pictures where such may be kept, and says why not elsewhere', () => {
    const facts = reasonFacts(
      reasons.map((name) => ({ name, count: 1 })),
      rejectExplanations,
      {},
    )
    for (const { reason, pictures } of facts) expect(pictures === 'shown', reason).toBe(isPictured(reason))
    const kind = (name: string) => facts.find(({ reason }) => reason === name)?.pictures
    expect([kind('robots'), kind('concept_dropped'), kind('duplicate_near')]).toEqual(
      Array(3).fill('withheld'),
    )
    expect([kind('http_4xx'), kind('truncated'), kind('caption_short')]).toEqual(Array(3).fill('unseen'))
  })

  it('is not mistaken for what every object has', () => {
    const facts = reasonFacts([{ name: 'constructor', count: 1 }], rejectExplanations, {})
    expect(facts[0]).toMatchObject({ reason: 'constructor', meaning: '', group: 'other' })
    expect(Object.hasOwn(pageSkipExplanations, 'constructor')).toBe(false)
  })
})

describe('options', () => {
  it('are texts by name, and a long list is cut', () => {
    const seeds = Array.from({ length: 30 }, (_, i) => `http://${i}.test/`)
    const texts = new Map(optionTexts({ threshold: null, seeds, minSide: 200, include: [] }))
    expect([...texts.keys()]).toEqual(['include', 'minSide', 'seeds', 'threshold'])
    expect(texts.get('seeds')).toMatch(/^http:\/\/0\.test\/.* and 10 more$/)
    expect([texts.get('include'), texts.get('minSide'), texts.get('threshold')]).toEqual([
      'none',
      '200',
      'not set',
    ])
  })
})

describe('the distance of two pictures', () => {
  it('is the number of bits in which their hashes differ', () => {
    expect(hashDistance('00000000000000ff', '000000000000000f')).toBe(4)
    expect(hashDistance('ffffffffffffffff', '0000000000000000')).toBe(64)
  })

  it('is not known where a hash is not', () => {
    expect(hashDistance(null, '0000000000000000')).toBeNull()
    expect(hashDistance('no hash', '0000000000000000')).toBeNull()
  })
})
