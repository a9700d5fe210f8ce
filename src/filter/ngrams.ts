/** Scores of one n-gram by the number of the language. */
type NgramScores = Readonly<Record<string, number>>

/** The n-grams by which languages are told apart, in little memory. */
interface Ngrams {
  /** ISO 639-1 codes by the number of the language. */
  readonly languages: Readonly<Record<string, string>>
  /** undefined = the n-gram is a sign of no language. */
  readonly scoresOf: (ngram: string) => NgramScores | undefined
}

/** Places of the table, a power of two: half of them stay free, so that a look-up ends after a few steps. */
const places = 1 << 18
/** So many bytes make a number that is exact. */
const mostBytes = 6

/** N-grams whose scores are remembered as objects, for texts of one language repeat theirs: about 2 MB. */
const mostKnown = 5_000

const head = /^[^{]*\{type:'\w+',languages:\{([^}]*)\},isSubset:false,ngrams:\{/
/** The n-gram, in quotes or not, its scores by language, and what ends them: all of it where that is a brace. */
const ngram = /(?:'((?:\\.|[^'\\])*)'|([^':{},]+)):\{([\d:,]+)\}([,}])/y

/**
 * Reads the source of a module of n-grams as eld writes it: `...{type:'S60',languages:{0:'am',...},isSubset:false,ngrams:{'abc':{5:176,11:162},...}}`.
 * Run as a module it makes an object for each n-gram, 81,000 that take 46 MB and three times that while they are made. Throws where the source is
 * written otherwise.
 */
export function readNgrams(source: string): Ngrams {
  const begin = head.exec(source)
  if (begin === null) throw new Error('the n-grams of the language detector begin otherwise than expected')
  const codes = (begin[1] ?? '').matchAll(/(\d+):'(\w+)'/g)
  const keys = new Float64Array(places)
  const texts = new Uint32Array(places)
  const known = new Map<string, NgramScores>()
  ngram.lastIndex = begin[0].length
  for (let count = 1, isLast = false; !isLast; count++) {
    const at = ngram.lastIndex
    const [all, quoted, bare = '', scores = '', end] = ngram.exec(source) ?? []
    const key = all === undefined ? null : keyOf(quoted?.replace(/\\(.)/g, '$1') ?? bare)
    if (all === undefined || key === null || 2 * count > places)
      throw new Error(`the n-grams of the language detector are written otherwise than expected at ${at}`)
    const place = placeOf(keys, key)
    keys[place] = key
    texts[place] = at + all.length - scores.length - 2
    isLast = end === '}'
  }
  return {
    languages: Object.fromEntries(Array.from(codes, ([, number = '', code = '']) => [number, code])),
    scoresOf: (ngram) => {
      const remembered = known.get(ngram)
      if (remembered !== undefined) return remembered
      const key = keyOf(ngram)
      const place = key === null ? null : placeOf(keys, key)
      if (place === null || keys[place] === 0) return undefined
      if (known.size >= mostKnown) known.clear()
      const scores = scoresAt(source, texts[place] ?? 0)
      known.set(ngram, scores)
      return scores
    },
  }
}

/** Where the n-gram stands in the table, or would. */
function placeOf(keys: Float64Array, key: number): number {
  let place =
    (Math.imul(key % 0x1_0000_0000, 0x9e37_79b1) ^ Math.imul(key / 0x1_0000_0000, 0x85eb_ca6b)) >>> 14
  while (keys[place] !== 0 && keys[place] !== key) place = (place + 1) % places
  return place
}

/** The n-gram as a number other than 0; null = it is too long for one, or no n-gram: there each character stands for a byte. */
function keyOf(ngram: string): number | null {
  if (ngram.length === 0 || ngram.length > mostBytes) return null
  let key = 0
  for (let at = 0; at < ngram.length; at++) {
    const byte = ngram.charCodeAt(at)
    if (byte > 255) return null
    key = 256 * key + byte
  }
  return key
}

/** `5:176,11:162}` as an object. */
function scoresAt(source: string, at: number): NgramScores {
  const text = source.slice(at, source.indexOf('}', at))
  return Object.fromEntries(
    text
      .split(',')
      .map((one) => one.split(':'))
      .map(([number = '', score]) => [number, Number(score)]),
  )
}
