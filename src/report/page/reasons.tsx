import { useState } from 'preact/hooks'
import type { ReasonFact, ReportData } from '../page-data.js'
import { amount, formatCount, formatShare } from './figures.js'
import { Gallery } from './gallery.js'
import { groupWords } from './groups.js'
import { Text } from './text.js'
import { visible } from './visible.js'

/** Every reason with its count; each opens to what it turned away, beside kept pairs. */
export function Reasons({ report }: { readonly report: ReportData }) {
  const { candidates, reasons } = report
  return (
    <>
      <p class="lead">
        A candidate that is not kept has one reason: the first that spoke against it. Open one to see what it
        turned away.
      </p>
      {candidates.groups.map(({ id, rejected }) => (
        <div key={id} class="group" id={`reasons-${id}`}>
          <h3>
            {groupWords(id).title} <span class="total">{amount(rejected, 'candidate')}</span>
          </h3>
          {reasons
            .filter(({ group }) => group === id)
            .map((fact) => (
              <Reason key={fact.reason} fact={fact} report={report} />
            ))}
        </div>
      ))}
    </>
  )
}

/** Kept pairs beside turned away candidates, where these are fewer. */
const fewestBeside = 6

function Reason({ fact, report }: { readonly fact: ReasonFact; readonly report: ReportData }) {
  const { reason, meaning, count, cards } = fact
  const [isOpen, setIsOpen] = useState(false)
  const { all } = report.candidates
  const most = Math.max(1, ...report.reasons.map((one) => one.count))
  const beside = report.kept.slice(0, Math.max(fewestBeside, cards.length))
  return (
    <details class="reason" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>
        <span class="what">
          <span class="meaning">{meaning === '' ? 'a reason that this version does not know' : meaning}</span>{' '}
          <code>
            <Text text={reason} most={60} />
          </code>
        </span>
        <span class="count">
          {formatCount(count)} <span class="share">{formatShare(count, all)}</span>
        </span>
        <span class="bar" aria-hidden="true">
          <span class="lost" style={{ width: `${(100 * count) / most}%` }} />
        </span>
      </summary>
      {isOpen && (
        <div class="beside">
          <div>
            <h4>Turned away: {shownOf(cards.length, count)}</h4>
            <p class="note">{notes[fact.pictures](hasPictures(report, fact))}</p>
            <Gallery report={report} numbers={cards} label={`Turned away for ${visible(reason, 60)}`} />
          </div>
          <div>
            <h4>Kept, to compare: {shownOf(beside.length, report.candidates.kept)}</h4>
            <p class="note">By chance, the same ones everywhere on this page.</p>
            <Gallery report={report} numbers={beside} label="Kept pairs" />
          </div>
        </div>
      )}
    </details>
  )
}

const shownOf = (shown: number, all: number): string =>
  shown >= all ? `all ${formatCount(all)}` : `${formatCount(shown)} of ${formatCount(all)}`

const hasPictures = ({ cards }: ReportData, fact: ReasonFact): boolean =>
  fact.cards.some((number) => cards[number]?.picture != null)

const notes: Readonly<Record<ReasonFact['pictures'], (hasPictures: boolean) => string>> = {
  shown: (has) =>
    has
      ? 'Small pictures of some were kept to look at, by chance.'
      : 'No small picture of these was kept: the run was told not to, or they had not come whole.',
  withheld: () => 'No picture of these is kept, by rule; these are their texts.',
  unseen: () => 'There was no picture to look at; these are their texts.',
}
