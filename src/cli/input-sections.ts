import { shownUrl } from '../records/index.js'
import type { InputReport, SeedAnswer, Some } from '../run/index.js'
import { formatCount, oneLine } from './figures.js'
import { pageSkipExplanations } from './reasons.js'

/** A URL may be longer than a screen. */
const maxUrlLength = 200

/** Sections about the seeds and sources of a run that has ended. Pure. */
export function inputSections({ unread, moved }: InputReport): readonly (readonly string[])[] {
  const isOf = ({ first, more }: Some<unknown>) => first.length + more > 0
  return [
    unread === undefined || !isOf(unread.seeds)
      ? []
      : named('None of the seeds could be read', unread.seeds, answerLine),
    unread === undefined || !isOf(unread.skipped)
      ? []
      : named('None of the sources could be read', unread.skipped, (line) => line),
    moved === undefined ? [] : named('Seeds that led to another host', moved, movedLine),
  ]
}

function named<T>(title: string, { first, more }: Some<T>, line: (one: T) => string): readonly string[] {
  const rest = first.length === 0 ? '' : 'and '
  return [
    title,
    ...first.map((one) => `  ${oneLine(line(one))}`),
    ...(more > 0 ? [`  ${rest}${formatCount(more)} ${first.length === 0 ? 'of them' : 'more'}`] : []),
  ]
}

const movedLine = ({ seed, ledTo }: SeedAnswer): string => `${shortened(seed)} led to ${shortened(ledTo)}`

function answerLine(answer: SeedAnswer): string {
  const { seed, ledTo, row } = answer
  const place = ledTo === seed ? shortened(seed) : movedLine(answer)
  if (row === null) return `${place}, which was not asked for`
  const { reason, httpStatus, detail, permission } = row
  const status = httpStatus === null ? '' : `HTTP ${httpStatus}`
  const words = reason === null ? row.outcome : explained(reason)
  // A refusal is its rule's; of what was fetched the rule is the one that allowed it.
  const rule =
    (row.outcome === 'refused' || row.outcome === 'dropped') && permission !== null ? permission.rule : null
  const more = [rule, detail].filter((part) => part !== null).join(', ')
  return `${place}: ${[status, words].filter((part) => part !== '').join(', ')}${more === '' ? '' : ` (${more})`}`
}

function explained(reason: string): string {
  const words: Readonly<Record<string, string>> = pageSkipExplanations
  return Object.hasOwn(words, reason) ? (words[reason] ?? reason) : reason
}

/** Where a seed leads may repeat what stands in it: both are shown as a seed is. */
function shortened(url: string): string {
  const shown = shownUrl(url)
  return shown.length > maxUrlLength ? `${shown.slice(0, maxUrlLength - 3)}...` : shown
}
