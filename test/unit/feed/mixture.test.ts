import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readMixture } from '../../../src/feed/mixture.js'
import { runs } from '../../fixtures/runs.js'

const part = (place: string, weight: number | null = null) => ({ place, weight })
const problemOf = (...args: string[]) => {
  const read = readMixture(args)
  return 'problem' in read ? read.problem : null
}

describe('a mixture on a command line', () => {
  it('is one place or several, with weights in one argument or in several', () => {
    expect(readMixture(['a'])).toEqual([part('a')])
    expect(readMixture(['a', 's3://b/c'])).toEqual([part('a'), part('s3://b/c')])
    expect(readMixture(['a:0.7,b:0.3'])).toEqual([part('a', 0.7), part('b', 0.3)])
    expect(readMixture(['a:7', 'b:.3,s3://x/y:1e2'])).toEqual([
      part('a', 7),
      part('b', 0.3),
      part('s3://x/y', 100),
    ])
  })

  it('has commas and colons in names, where no weight stands before them', () => {
    expect(readMixture(['a,b'])).toEqual([part('a,b')])
    expect(readMixture(['a,b:0.5,c:d:0.5'])).toEqual([part('a,b', 0.5), part('c:d', 0.5)])
    expect(readMixture(['C:folder'])).toEqual([part('C:folder')])
  })

  it('tells a port from a weight', () => {
    expect(readMixture(['http://127.0.0.1:8080'])).toEqual([part('http://127.0.0.1:8080')])
    expect(readMixture(['http://h:8080:2,https://g:0.5'])).toEqual([
      part('http://h:8080', 2),
      part('https://g', 0.5),
    ])
    expect(readMixture(['https://h:8080/sets/a:3'])).toEqual([part('https://h:8080/sets/a', 3)])
  })

  it('says what is wrong with the value, and what to do', () => {
    expect(problemOf()).toContain('no dataset is named')
    expect(problemOf('')).toContain('empty name')
    expect(problemOf('a:0.5,')).toContain('empty name')
    expect(problemOf(':0.5')).toBe("':0.5' is a weight without a dataset: give DATASET:0.5")
    expect(problemOf('a:0.7,b')).toBe(
      'a has the weight 0.7, and b has none: give each dataset one, as in a:0.7,b:0.3, or none',
    )
    expect(problemOf('a:0,b:1')).toBe(
      'the weight of a is 0: give a number above 0, or leave that dataset out',
    )
    expect(problemOf('a:-1')).toContain('the weight of a is -1')
    expect(problemOf('a:1e999')).toContain('Infinity')
  })

  it('reads back whatever places and weights are written', () => {
    const place = fc.stringMatching(/^[a-z/][a-z0-9/._ -]{0,12}$/)
    const weight = fc.double({ min: 1e-9, max: 1e9, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(fc.record({ place, weight }), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (parts, isOne) => {
          const texts = parts.map((one) => `${one.place}:${one.weight}`)
          expect(readMixture(isOne ? [texts.join(',')] : texts)).toEqual(parts)
        },
      ),
      { numRuns: runs.line },
    )
  })
})
