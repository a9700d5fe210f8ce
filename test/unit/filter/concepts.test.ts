import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Concept,
  conceptsSchema,
  createTagger,
  defaultConcepts,
  verdictOf,
} from '../../../src/filter/concepts.js'

const never = new AbortController().signal

const concept = (name: string, action: Concept['action'], margin = 0): Concept => ({
  name,
  action,
  prompts: [name],
  against: ['else'],
  margin,
})

const [tag, tag2] = [concept('tag', 'tag'), concept('tag2', 'tag')]
const [drop, drop2] = [concept('drop', 'drop'), concept('drop2', 'drop')]
const [keep, keep2] = [concept('keep', 'keep'), concept('keep2', 'keep')]

describe('what follows from the concepts that an image shows', () => {
  const dropped = (detail: string) => ({ reason: 'concept_dropped', detail })
  const missing = (detail: string) => ({ reason: 'concept_missing', detail })

  it.each([
    ['nothing shown, nothing wanted', [], [tag, drop], null],
    ['a tag', [tag], [tag, tag2, drop], null],
    ['a concept to drop', [drop], [tag, drop], dropped('drop')],
    ['the first of two to drop', [drop, drop2], [drop, drop2], dropped('drop')],
    ['a concept to keep', [keep], [keep, keep2], null],
    ['the other one to keep', [tag, keep2], [tag, keep, keep2], null],
    ['none of those to keep', [tag], [keep, tag, keep2], missing('keep, keep2')],
    ['nothing, where one is to be kept', [], [keep], missing('keep')],
    ['one to keep and one to drop', [keep, drop], [keep, drop], dropped('drop')],
  ])('%s', (_, shown, all, rejected) => {
    expect(verdictOf(shown, all)).toEqual({ tags: shown.map(({ name }) => name), rejected })
  })

  it('tags exactly what is shown, and rejects nothing where all are tags', () => {
    const some = fc.subarray([tag, tag2, drop, drop2, keep, keep2])
    fc.assert(
      fc.property(some, fc.infiniteStream(fc.boolean()), (all, coin) => {
        const shown = all.filter(() => coin.next().value)
        const { tags, rejected } = verdictOf(shown, all)
        expect(tags).toEqual(shown.map(({ name }) => name))
        if (all.every(({ action }) => action === 'tag')) expect(rejected).toBeNull()
        const wanted = all.filter(({ action }) => action === 'keep')
        const unwanted = shown.some(({ action }) => action === 'drop')
        const lacking = wanted.length > 0 && !shown.some(({ action }) => action === 'keep')
        expect(rejected !== null).toBe(unwanted || lacking)
      }),
    )
  })
})

/** Texts in the plane: a number of degrees. */
const at = (degrees: number) =>
  Float32Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180))

describe('a tagger', () => {
  const embedTexts = async (texts: readonly string[]) => texts.map((text) => at(Number(text)))

  it('sees a concept where the image is nearer to it than to its opposite, by the margin', async () => {
    const cat = (name: string, margin: number): Concept => ({
      name,
      action: 'tag',
      prompts: ['-10', '10'],
      against: ['90'],
      margin,
    })
    const concepts = [cat('any', 0), cat('sure', 0.5), cat('always', -2), cat('never', 2)]
    const tagger = await createTagger(embedTexts, concepts, never)
    expect(tagger?.judge(at(0))).toEqual({ tags: ['any', 'sure', 'always'], rejected: null })
    // cos 40 - sin 40 = 0.12
    expect(tagger?.judge(at(40)).tags).toEqual(['any', 'always'])
    expect(tagger?.judge(at(50)).tags).toEqual(['always'])
  })

  it('needs no texts to be embedded again for an image, and none where there are no concepts', async () => {
    let calls = 0
    const counted = async (texts: readonly string[]) => {
      calls++
      return embedTexts(texts)
    }
    expect(await createTagger(counted, [], never)).toBeNull()
    expect(calls).toBe(0)
    const tagger = await createTagger(counted, [{ ...tag, prompts: ['0'], against: ['90'] }], never)
    tagger?.judge(at(0))
    tagger?.judge(at(80))
    expect(calls).toBe(1)
  })
})

describe('a list of concepts', () => {
  it('has a margin of 0 unless it says otherwise', () => {
    const { margin: _, ...given } = tag
    expect(conceptsSchema.parse([given])).toEqual([tag])
  })

  it('has no two of one name, and says which is the second', () => {
    const parsed = conceptsSchema.safeParse([tag, keep, tag])
    expect(parsed.error?.issues.map(({ path }) => path)).toEqual([[2, 'name']])
  })

  it('by default tags unsafe content, watermarks, texts, logos and placeholders, and drops nothing', () => {
    expect(conceptsSchema.parse(defaultConcepts)).toEqual(defaultConcepts)
    expect(defaultConcepts.map(({ name, action }) => `${action} ${name}`)).toEqual([
      'tag unsafe',
      'tag watermark',
      'tag text-only',
      'tag logo',
      'tag placeholder',
    ])
  })
})
