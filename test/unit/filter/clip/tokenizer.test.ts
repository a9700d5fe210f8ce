import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CaptionTokenizer,
  clipTokenizerFault,
  createTokenizer,
} from '../../../../src/filter/clip/tokenizer.js'
import { sharedPath, unlessMissing } from '../../../fixtures/filter/clip/shared-files.js'
import { letterTokenizer } from '../../../fixtures/filter/clip/small-model.js'
import { runs } from '../../../fixtures/runs.js'

function tokenizerOf(text: string, maxTokens: number): CaptionTokenizer {
  const tokenizer = createTokenizer(text, maxTokens)
  if ('error' in tokenizer) throw new Error(tokenizer.error)
  return tokenizer
}

const clip = unlessMissing('tokenizer/tokenizer.json')

describe.skipIf(clip.missing)(`CLIP's own tokenizer${clip.note}`, () => {
  const text = clip.missing ? '' : readFileSync(sharedPath('tokenizer/tokenizer.json'), 'utf8')

  test('gives the ids that CLIP was trained on', () => {
    const { encode, endId } = tokenizerOf(text, 77)
    expect(encode('a photo of a cat')).toEqual([49406, 320, 1125, 539, 320, 2368, 49407])
    expect(encode('  A  photo\nof a CAT')).toEqual(encode('a photo of a cat'))
    expect(encode('')).toEqual([49406, 49407])
    expect(endId).toBe(49407)
  })

  test('a long text keeps its start and its end token within 77', () => {
    const ids = tokenizerOf(text, 77).encode('cat '.repeat(5_000))
    expect(ids).toHaveLength(77)
    expect([ids[0], ids[1], ids[75], ids[76]]).toEqual([49406, 2368, 2368, 49407])
  })

  type File = { model: { vocab: Record<string, number>; merges: unknown[] } } & Record<string, unknown>
  const changed = (change: (file: File) => void) => {
    const file = JSON.parse(text) as File
    change(file)
    return clipTokenizerFault(JSON.stringify(file))
  }

  test('is known by what it says, however it is written', () => {
    expect(clipTokenizerFault(text)).toBeNull()
    const rewritten = changed((file) => {
      file.model.vocab = Object.fromEntries(Object.entries(file.model.vocab).reverse())
      file.model.merges = file.model.merges.map((pair) => (pair as string[]).join(' '))
      file.truncation = { max_length: 77 }
    })
    expect(rewritten).toBeNull()
  })

  test.each<[string, (file: File) => void, RegExp]>([
    [
      'in two numbers of its vocabulary',
      ({ model: { vocab } }) =>
        Object.assign(vocab, { 'cat</w>': vocab['dog</w>'], 'dog</w>': vocab['cat</w>'] }),
      /another vocabulary than CLIP's \(model\.vocab\)/,
    ],
    [
      'in the spelling of one token',
      ({ model: { vocab } }) => {
        vocab['caat</w>'] = vocab['cat</w>']!
        delete vocab['cat</w>']
      },
      /another vocabulary/,
    ],
    ['in the order of its merges', ({ model }) => model.merges.reverse(), /in another order/],
    ['in one merge', ({ model }) => model.merges.splice(7, 1, ['q', 'q']), /other merges than CLIP's/],
    ['in a merge less', ({ model }) => model.merges.pop(), /48893 merges, where CLIP's has 48894/],
    [
      'in a token less',
      ({ model }) => delete model.vocab['cat</w>'],
      /49407 entries, where CLIP's has 49408/,
    ],
    [
      'in what it does to a text before',
      (file) => Object.assign(file, { normalizer: { type: 'NFC' } }),
      /\(normalizer, pre_tokenizer or post_processor\)/,
    ],
    [
      'in the tokens that it puts around a text',
      (file) => Object.assign(file, { post_processor: null }),
      /tokens/,
    ],
  ])('is told from one that differs %s', (_, change, message) => {
    expect(changed((file) => void change(file))).toMatch(message)
  })
})

describe('a tokenizer', () => {
  test('never gives more tokens than the model has positions, and always ends with the end token', () => {
    const { encode, endId } = tokenizerOf(letterTokenizer(), 10)
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const ids = encode(text)
        expect(ids.length).toBeGreaterThanOrEqual(2)
        expect(ids.length).toBeLessThanOrEqual(10)
        expect(ids[0]).toBe(58)
        expect(ids.at(-1)).toBe(endId)
      }),
      { numRuns: runs.file },
    )
  })

  test.each([
    ['cut short', letterTokenizer().slice(0, 500), /is no JSON/],
    ['something else', '[]', /is no JSON object/],
    ['without a model', '{"version": "1.0"}', /is no tokenizer/],
    [
      'without start and end tokens',
      JSON.stringify({ ...JSON.parse(letterTokenizer()), post_processor: null }),
      /0 tokens/,
    ],
  ])('%s is refused', (_, text, message) => {
    expect(createTokenizer(text, 77)).toEqual({ error: expect.stringMatching(message) })
  })

  test('another vocabulary is not taken for CLIP', () => {
    expect(clipTokenizerFault(letterTokenizer())).toBe("has 60 entries, where CLIP's has 49408")
    expect(clipTokenizerFault('<html>')).toMatch(/no JSON/)
    expect(clipTokenizerFault('{}')).toMatch(/model\.vocab/)
  })
})
