import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type BatchDeps,
  createTextJudge,
  filterBatch,
  languageDetector,
  textRejectRow,
} from '../../../src/filter/index.js'
import {
  type Candidate,
  type Caption,
  captionSources,
  noRefusals,
  type Row,
  rejectReasons,
} from '../../../src/records/index.js'
import { defaultFilterOptions } from '../../fixtures/filter/options.js'
import { runs } from '../../fixtures/runs.js'

const english = 'A cat is sitting on the mat in front of the old house, sleeping'
const german = 'Eine Katze sitzt auf der Matte vor dem alten Haus und schläft'
const texts = [english, german, 'a cat on a mat', 'logo', 'IMG_1234.jpg', 'cat', '<b>cat</b>', 'www.a.test']

const captions: fc.Arbitrary<Caption[]> = fc
  .array(fc.record({ source: fc.constantFrom(...captionSources), text: fc.constantFrom(...texts) }), {
    minLength: 1,
    maxLength: 4,
  })
  .filter((all) => all.some(({ source }) => source !== 'context'))
const options = fc.record({
  languages: fc.constantFrom(null, ['de'], ['en', 'fr']),
  repeatedText: fc.constantFrom(null, 2),
})
const permission = { rule: 'robots:none', checkedAt: '2026-01-02T03:04:05.000Z' }

const candidateOf = (own: readonly Caption[]): Candidate => ({
  imageUrl: 'http://img.test/1.jpg',
  fallbackUrls: ['http://img.test/2.jpg'],
  captions: own,
  pageUrl: 'http://a.test/',
  pageLanguage: 'en',
  licenceUrl: 'http://a.test/licence',
  pagePermission: permission,
})

const failing = () => Promise.reject(new Error('it is not to be asked'))
const deps: Omit<BatchDeps, 'captionCounts'> = {
  fetchImage: async () => ({ kind: 'rejected', reason: 'http_4xx', detail: 'HTTP 404', permission }),
  develop: failing,
  developApart: failing,
  refusals: async () => noRefusals,
  preprocessing: null,
  decoding: (work) => work(),
  now: () => 0,
  score: null,
  tagger: null,
  modelId: null,
  modelThreshold: null,
  findDuplicates: failing,
}
const ofTexts: ReadonlySet<string | null> = new Set(rejectReasons.text)

describe('what texts settle where they are found', () => {
  it('is what the filter says of them, whatever is repeated by then, and nothing else is', async () => {
    const languages = await languageDetector()
    await fc.assert(
      fc.asyncProperty(captions, options, async (own, over) => {
        const chosen = { ...defaultFilterOptions, ...over }
        const candidate = candidateOf(own)
        const rowIf = async (isRepeated: (text: string) => boolean): Promise<Row> => {
          const captionCounts = async (asked: readonly string[]) =>
            asked.map((text) => (isRepeated(text) ? 3 : 1))
          const items = [{ id: 1, attempts: 0, body: candidate }]
          const signal = new AbortController().signal
          const { rows } = await filterBatch({ ...deps, captionCounts }, items, chosen, signal)
          return rows[0]!.row
        }
        const rows = [
          await rowIf(() => false),
          await rowIf(() => true),
          await rowIf((text) => text === english),
        ]
        const reason = (await createTextJudge(chosen)).settled(candidate)
        if (reason === null) {
          expect(ofTexts.has(rows[0]!.reason)).toBe(false)
        } else {
          const row = textRejectRow({ ...candidate, reason }, languages)
          expect(rows).toEqual([row, row, row])
        }
      }),
      { numRuns: runs.text },
    )
  })

  it('asks nothing of languages where a run takes all of them', async () => {
    const judge = await createTextJudge({ ...defaultFilterOptions, languages: null })
    expect(judge.verdict(german, null)).toBeNull()
    expect(judge.verdict('logo', null)).toBe('caption_placeholder')
    const picky = await createTextJudge({ ...defaultFilterOptions, languages: ['en'] })
    expect(picky.verdict(german, null)).toBe('language')
  })
})
