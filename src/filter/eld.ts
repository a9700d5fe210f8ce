import { readFile } from 'node:fs/promises'
import { readNgrams } from './ngrams.js'

interface EldResult {
  /** Empty = none. */
  readonly language: string
  readonly isReliable: () => boolean
  /** From 0 to 1, the best first. */
  readonly getScores: () => Record<string, number>
}

/** What a detector of eld is loaded with. */
interface EldData {
  readonly type: string
  readonly languages: Readonly<Record<string, string>>
  readonly ngrams: object
}

/** Beside the package's door, by which data comes only as modules that are run. */
interface EldDetector {
  readonly createEld: () => {
    readonly instance: { readonly detect: (text: string) => EldResult }
    readonly loadData: (data: EldData) => void
  }
}

const entry = import.meta.resolve('eld/small')
const { createEld } = (await import(new URL('../languageDetector.js', entry).href)) as EldDetector
const { languages, scoresOf } = readNgrams(await readFile(new URL('../ngrams/small.js', entry), 'utf8'))
const { instance, loadData } = createEld()
const ngrams = new Proxy({}, { get: (_, ngram) => scoresOf(String(ngram)) })
loadData({ type: 'small', languages, ngrams })

export { instance as eld, languages }
