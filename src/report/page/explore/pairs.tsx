import { type PairOrder, type PairRow, pairOrders } from '../../explore/explore-data.js'
import type { PageData } from '../../page-data.js'
import { useAddress } from './asking.js'
import { FilterForm } from './filter-form.js'
import { Pages } from './pages.js'
import { PairGrid } from './pair-grid.js'
import { ViewHead } from './view-head.js'

const orderWords: Readonly<Record<PairOrder, string>> = {
  key: 'as in the shards',
  best: 'highest score first',
  worst: 'lowest score first',
}

/** All kept pairs. */
export function PairsView({ data }: { readonly data: PageData }) {
  const api = data.explorer?.api ?? ''
  const [params, go] = useAddress()
  const where = params.get('where') ?? ''
  const order = pairOrders.find((one) => one === params.get('order')) ?? 'key'
  return (
    <main>
      <ViewHead title="Pairs">All that was kept. Open one for its whole record.</ViewHead>
      <FilterForm
        where={where}
        example="clip_score >= 0.3 and width >= 512"
        onAsk={(next) => go({ where: next, order: order === 'key' ? null : order })}
      >
        <label>
          <span class="name">Order</span>
          <select value={order} onChange={(event) => go({ where, order: event.currentTarget.value })}>
            {pairOrders.map((one) => (
              <option key={one} value={one}>
                {orderWords[one]}
              </option>
            ))}
          </select>
        </label>
      </FilterForm>
      <Pages<PairRow> api={api} path="/pairs" params={{ where, order }} noun="pair">
        {(rows) => (
          <PairGrid
            api={api}
            label="Pairs"
            shown={rows.map((pair) => ({
              pair,
              figure: pair.score === null ? null : pair.score.toFixed(3),
            }))}
          />
        )}
      </Pages>
    </main>
  )
}
