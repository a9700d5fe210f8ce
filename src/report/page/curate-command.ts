import { shellQuoted } from '../../records/shell-quoted.js'
import type { ScoreGroup } from '../page-data.js'
import { formatHundredths } from './figures.js'

/** A text as SQL writes it. Pure. */
const sqlQuoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** Condition that holds for the pairs of a group from a threshold on, as `curate --where` takes it. Pure. */
export function whereOf({ kind, name }: Pick<ScoreGroup, 'kind' | 'name'>, hundredths: number): string {
  const score = `clip_score >= ${formatHundredths(hundredths)}`
  if (kind === 'language') {
    // A caption that was not looked at counts as one whose language could not be told.
    const language = name === 'und' ? "coalesce(language, 'und')" : 'language'
    return `${score} and ${language} = ${sqlQuoted(name ?? '')}`
  }
  if (kind === 'all') return score
  const source = 'list_filter(captions, lambda one: one.text = caption)[1].source'
  return `${score} and ${source} ${name === null ? 'is null' : `= ${sqlQuoted(name)}`}`
}

/** Command that makes a dataset of the pairs from a threshold on. Pure. */
export function curateCommand(
  place: string,
  group: Pick<ScoreGroup, 'kind' | 'name'>,
  hundredths: number,
): string {
  const out = `${place.replace(/\/+$/, '')}-${formatHundredths(hundredths)}`
  return ['pairmill', 'curate', place, '--where', whereOf(group, hundredths), '--out', out]
    .map(shellQuoted)
    .join(' ')
}
