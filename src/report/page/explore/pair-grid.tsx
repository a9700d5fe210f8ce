import { useState } from 'preact/hooks'
import type { PairRow } from '../../explore/explore-data.js'
import { Text } from '../text.js'
import { addressOf } from './asking.js'
import { RecordDialog } from './record-dialog.js'
import { useSelection } from './selected.js'

/** A pair, and a figure that stands below it. */
interface ShownPair {
  readonly pair: PairRow
  readonly figure: string | null
}

/** Pairs side by side: each opens its whole record, and can be selected. */
export function PairGrid({
  api,
  shown,
  label,
}: {
  readonly api: string
  readonly shown: readonly ShownPair[]
  /** For those who do not see it. */
  readonly label: string
}) {
  const selection = useSelection()
  const [open, setOpen] = useState<number | null>(null)
  const key = open === null ? null : (shown[open]?.pair.key ?? null)
  return (
    <>
      <ul class="gallery pairs" aria-label={label}>
        {shown.map(({ pair, figure }, i) => (
          <li key={pair.key} class={selection.has(pair.uid) ? 'selected' : undefined}>
            <button type="button" class="tile" onClick={() => setOpen(i)}>
              <span class="frame">
                <img
                  src={addressOf(api, '/picture', { key: pair.key })}
                  alt=""
                  loading="lazy"
                  decoding="async"
                />
              </span>
              <span class="caption">
                <Text text={pair.caption} most={120} />
              </span>
              {figure !== null && <span class="foot">{figure}</span>}
            </button>
            {pair.uid !== null && (
              <label class="pick">
                <input
                  type="checkbox"
                  checked={selection.has(pair.uid)}
                  onChange={() => selection.toggle(pair)}
                />
                <span class="unseen">Select {pair.key}</span>
              </label>
            )}
          </li>
        ))}
      </ul>
      {key !== null && open !== null && (
        <RecordDialog
          api={api}
          pairKey={key}
          onClose={() => setOpen(null)}
          onStep={(step) => setOpen(Math.min(shown.length - 1, Math.max(0, open + step)))}
        />
      )}
    </>
  )
}
