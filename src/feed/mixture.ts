/** A dataset of a mixture, as it is asked for. */
export interface MixturePart {
  /** A folder, `s3://bucket/prefix`, or an http or https URL. */
  readonly place: string
  /** Its share of the samples, against the others' weights; null = none has one: each sample comes once in an epoch. */
  readonly weight: number | null
}

/** A weight, and what may be one by mistake. */
const weightPattern = '[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?'
/** As `0.7` in `a:0.7,b:0.3`: a comma is part of a name unless it stands behind a weight. */
const inner = new RegExp(`:${weightPattern},`, 'g')
const trailing = new RegExp(`^(.*):(${weightPattern})$`, 's')
/** A URL without a path: the number behind its colon is a port. */
const bareHost = /^https?:\/\/(?:\[[^\]]*\]|[^/:]*):\d+$/i

/**
 * Datasets of a mixture as they stand on a command line: `a:0.7,b:0.3` in one argument or in several, or places without weights, each an argument. Pure.
 *
 * @returns `problem`: what is wrong with them and what to do, for people.
 */
export function readMixture(args: readonly string[]): readonly MixturePart[] | { readonly problem: string } {
  const parts: MixturePart[] = []
  for (const text of args.flatMap(pieces)) {
    const part = partOf(text)
    if ('problem' in part) return part
    parts.push(part)
  }
  const problem = mixtureProblem(parts)
  return problem === null ? parts : { problem }
}

/** What is wrong with a mixture as a whole, for people; null = nothing. Pure. */
export function mixtureProblem(parts: readonly MixturePart[]): string | null {
  if (parts.length === 0) return 'no dataset is named: give a folder, s3://bucket/prefix or an https:// URL'
  for (const { place, weight } of parts) {
    if (place === '')
      return 'a dataset has an empty name: give a folder, s3://bucket/prefix or an https:// URL'
    if (weight !== null && !(weight > 0 && Number.isFinite(weight)))
      return `the weight of ${place} is ${weight}: give a number above 0, or leave that dataset out`
  }
  const [weighed] = parts.filter(({ weight }) => weight !== null)
  const [bare] = parts.filter(({ weight }) => weight === null)
  if (weighed === undefined || bare === undefined) return null
  return `${weighed.place} has the weight ${weighed.weight}, and ${bare.place} has none: give each dataset one, as in a:0.7,b:0.3, or none`
}

/** Parts of an argument. */
function pieces(text: string): string[] {
  const found: string[] = []
  let from = 0
  for (const { 0: mark, index } of text.matchAll(inner)) {
    const comma = index + mark.length - 1
    if (bareHost.test(text.slice(from, comma))) continue
    found.push(text.slice(from, comma))
    from = comma + 1
  }
  return [...found, text.slice(from)]
}

function partOf(text: string): MixturePart | { readonly problem: string } {
  const [, place = '', number] = bareHost.test(text) ? [] : (trailing.exec(text) ?? [])
  if (number === undefined)
    return text === ''
      ? { problem: 'a dataset has an empty name: leave the comma or the argument out, or name one' }
      : { place: text, weight: null }
  if (place === '') return { problem: `'${text}' is a weight without a dataset: give DATASET:${number}` }
  return { place, weight: Number(number) }
}
