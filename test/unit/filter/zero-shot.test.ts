import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cosineOf } from '../../../src/filter/clip/index.js'
import {
  classify,
  embedClasses,
  ensemble,
  photoTemplates,
  promptsOf,
  templateError,
} from '../../../src/filter/index.js'

const dim = 5
const never = new AbortController().signal

const unit = (values: readonly number[]): Float32Array => {
  const length = Math.hypot(...values)
  return Float32Array.from(values, (value) => value / length)
}
/** A direction in space, not too near to none at all. */
const direction = fc
  .array(fc.integer({ min: -100, max: 100 }), { minLength: dim, maxLength: dim })
  .filter((values) => values.some((value) => value !== 0))
  .map(unit)
/** Directions of one half space, whose mean cannot vanish. */
const views = fc.array(
  direction
    .map((view) => (view[0]! < 0 ? view.map((value) => -value) : view))
    .filter((view) => view[0]! > 0.01),
  { minLength: 1, maxLength: 12 },
)
const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 20 })
const classes = names.chain((list) =>
  fc.tuple(...list.map((name) => direction.map((embedding) => ({ name, embedding })))),
)

describe('a prompt', () => {
  it('holds the class name wherever the template says, as it is', () => {
    expect(promptsOf('cat', ['a {}', '{}: a {}'])).toEqual(['a cat', 'cat: a cat'])
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(promptsOf(name, ['<{}>'])).toEqual([`<${name}>`])
      }),
      { examples: [['$&'], ['$$'], ['{}']] },
    )
  })

  it('needs a template with a place for the name', () => {
    expect(templateError('a photo')).toBe("the template 'a photo' has no {} for the class name")
    expect(photoTemplates.map(templateError)).toEqual(photoTemplates.map(() => null))
    expect(new Set(photoTemplates).size).toBe(photoTemplates.length)
  })
})

describe('an ensemble', () => {
  it('has length 1 and does not depend on the order of its views', () => {
    fc.assert(
      fc.property(views, fc.infiniteStream(fc.nat()), (given, order) => {
        const mean = ensemble(given)
        expect(Math.hypot(...mean)).toBeCloseTo(1, 5)
        const keyed = given.map((view) => ({ view, key: order.next().value ?? 0 }))
        const shuffled = keyed.toSorted((a, b) => a.key - b.key).map(({ view }) => view)
        const other = ensemble(shuffled)
        for (const [i, value] of mean.entries()) expect(other[i]).toBeCloseTo(value, 5)
      }),
    )
  })

  it('of one view, however often it is given, is that view', () => {
    fc.assert(
      fc.property(direction, fc.integer({ min: 1, max: 9 }), (view, times) => {
        const mean = ensemble(Array.from({ length: times }, () => view))
        expect(cosineOf(mean, view)).toBeCloseTo(1, 5)
      }),
    )
  })

  it('of views that cancel each other is like nothing, and of none is a mistake', () => {
    expect([...ensemble([unit([1, 0]), unit([-1, 0])])]).toEqual([0, 0])
    expect(() => ensemble([])).toThrow(RangeError)
  })
})

describe('classes', () => {
  it('are embedded each from its own prompts, all in one call', async () => {
    const calls: (readonly string[])[] = []
    const embedded = await embedClasses(
      async (texts) => {
        calls.push(texts)
        return texts.map((text) => unit([text.length, 1]))
      },
      [
        { name: 'short', prompts: ['a', 'a'] },
        { name: 'long', prompts: ['aaaaaaaa'] },
      ],
      never,
    )
    expect(calls).toEqual([['a', 'a', 'aaaaaaaa']])
    expect(embedded.map(({ name }) => name)).toEqual(['short', 'long'])
    expect(cosineOf(embedded[0]!.embedding, unit([1, 1]))).toBeCloseTo(1, 6)
    expect(cosineOf(embedded[1]!.embedding, unit([8, 1]))).toBeCloseTo(1, 6)
  })
})

describe('a classification', () => {
  it('gives every class a probability; they sum to 1 and fall with the cosine', () => {
    fc.assert(
      fc.property(
        direction,
        classes,
        fc.double({ min: 0.1, max: 1000, noNaN: true }),
        (image, given, scale) => {
          const scores = classify(image, given, scale)
          expect(scores.map(({ name }) => name).sort()).toEqual(given.map(({ name }) => name).sort())
          expect(scores.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 9)
          for (const [i, { cosine, probability }] of scores.entries()) {
            expect(Math.abs(cosine)).toBeLessThanOrEqual(1 + 1e-5)
            expect(probability).toBeGreaterThanOrEqual(0)
            // Cosines too near for the temperature to tell apart may stand in any order.
            if (i > 0) expect(cosine).toBeLessThanOrEqual(scores[i - 1]!.cosine + 1e-9)
          }
        },
      ),
    )
  })

  it('does not depend on the order of the classes', () => {
    fc.assert(
      fc.property(direction, classes, (image, given) => {
        expect(classify(image, given.toReversed())).toEqual(classify(image, given))
      }),
    )
  })

  it('is the softmax of the scaled cosines', () => {
    const scores = classify(
      unit([1, 0]),
      [
        { name: 'far', embedding: unit([0.6, 0.8]) },
        { name: 'near', embedding: unit([0.8, 0.6]) },
      ],
      10,
    )
    expect(scores.map(({ name }) => name)).toEqual(['near', 'far'])
    expect(scores[0]!.probability).toBeCloseTo(1 / (1 + Math.exp(-2)), 6)
  })
})
