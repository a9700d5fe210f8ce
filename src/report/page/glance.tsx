import type { CardNumber, ReportData } from '../page-data.js'
import { Gallery } from './gallery.js'

const mostShown = 6

/** A few kept pairs beside a few that were turned away: what the numbers are about. */
export function Glance({ report }: { readonly report: ReportData }) {
  const lost = someLost(report)
  const kept = report.kept.filter((number) => report.cards[number]?.picture != null)
  if (kept.length === 0) return null
  return (
    <div class="glance">
      <section aria-labelledby="glance-kept">
        <h2 id="glance-kept" class="kept">
          Kept, for example
        </h2>
        <Gallery report={report} numbers={kept.slice(0, mostShown)} label="Kept, for example" />
      </section>
      {lost.length > 0 && (
        <section aria-labelledby="glance-lost">
          <h2 id="glance-lost" class="lost">
            Turned away, for example
          </h2>
          <Gallery report={report} numbers={lost} label="Turned away, for example" namesReasons />
        </section>
      )}
    </div>
  )
}

/** Cards of rejected candidates, those with pictures first, by turns of each reason. */
function someLost({ reasons, cards }: ReportData): CardNumber[] {
  const some: CardNumber[] = []
  for (const isPictured of [true, false]) {
    for (let turn = 0; turn < mostShown && some.length < mostShown; turn++) {
      for (const { cards: own } of reasons) {
        const fitting = own.filter((number) => (cards[number]?.picture != null) === isPictured)
        const number = fitting[turn]
        if (number !== undefined && some.length < mostShown) some.push(number)
      }
    }
  }
  return some
}
