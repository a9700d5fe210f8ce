import type { Card, CardNumber, ReportData } from '../page-data.js'
import { useShowCard } from './pair-dialog.js'
import { Text } from './text.js'

/** Cards side by side. Each opens the whole of what it shows. */
export function Gallery({
  report,
  numbers,
  label,
  namesReasons = false,
}: {
  readonly report: Pick<ReportData, 'cards' | 'pictures'>
  readonly numbers: readonly CardNumber[]
  /** For those who do not see it. */
  readonly label: string
  /** Whether a card says why it was turned away. */
  readonly namesReasons?: boolean
}) {
  return (
    <ul class="gallery" aria-label={label}>
      {numbers.map((number) => {
        const card = report.cards[number]
        const picture = card?.picture == null ? null : (report.pictures[card.picture] ?? null)
        return (
          card !== undefined && (
            <li key={number}>
              <Tile card={card} picture={picture} reason={namesReasons ? card.reason : null} />
            </li>
          )
        )
      })}
    </ul>
  )
}

function Tile({
  card,
  picture,
  reason,
}: {
  readonly card: Card
  readonly picture: string | null
  readonly reason: string | null
}) {
  const show = useShowCard()
  return (
    <button type="button" class={picture === null ? 'tile bare' : 'tile'} onClick={() => show(card, picture)}>
      {picture !== null && (
        <span class="frame">
          <img src={picture} alt="" decoding="async" />
        </span>
      )}
      <span class="caption">
        <Text text={card.caption} most={120} />
      </span>
      <span class="foot">
        {reason !== null && (
          <code>
            <Text text={reason} most={40} />
          </code>
        )}
        {card.score !== null && <span>{card.score.toFixed(4)}</span>}
      </span>
    </button>
  )
}
