import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { readNgrams } from '../../../src/filter/ngrams.js'

const module = new URL('../ngrams/small.js', import.meta.resolve('eld/small'))

const sourceOf = (ngrams: string) =>
  `export const ngramsData = {type:'S2',languages:{0:'am',1:'ar'},isSubset:false,ngrams:{${ngrams}}};\n`

test('The n-grams that are read from a module are those that it has when it is run', async () => {
  const { ngramsData } = await import(module.href)
  const { languages, scoresOf } = readNgrams(await readFile(module, 'utf8'))
  const names = Object.keys(ngramsData.ngrams)
  expect(names).toHaveLength(81_206)
  expect(languages).toEqual(ngramsData.languages)
  const other = names.filter(
    (name) => JSON.stringify(scoresOf(name)) !== JSON.stringify(ngramsData.ngrams[name]),
  )
  expect(other).toEqual([])
})

test('An n-gram stands in quotes or not, and in front of a quote or a backslash there is another one', () => {
  const { languages, scoresOf } = readNgrams(sourceOf("' ab ':{0:176},L_L:{0:1,1:22},'\\'\\\\c':{1:3}"))
  expect(languages).toEqual({ 0: 'am', 1: 'ar' })
  expect(scoresOf(' ab ')).toEqual({ 0: 176 })
  expect(scoresOf('L_L')).toEqual({ 0: 1, 1: 22 })
  expect(scoresOf("'\\c")).toEqual({ 1: 3 })
})

test.each(['', 'ab', ' ab', 'L_L ', ' ab  ', 'constructor', '\u0120ab '])(
  'Nothing is known of %j',
  (ngram) => {
    expect(readNgrams(sourceOf("' ab ':{0:176},L_L:{0:1}")).scoresOf(ngram)).toBeUndefined()
  },
)

test.each([
  ['begin', "export const ngrams = {' ab ':{0:176}}"],
  ['are written', sourceOf("' ab ':[176]")],
  ['are written', sourceOf("' ab ':{0:176},'abcdefg':{0:1}")],
  ['are written', sourceOf("' ab ':{0:176},")],
])('A module whose n-grams %s otherwise is refused', (what, source) => {
  expect(() => readNgrams(source)).toThrow(
    `the n-grams of the language detector ${what} otherwise than expected`,
  )
})
