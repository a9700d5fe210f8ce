import type { ReasonCount, RejectedRow } from '../../explore/explore-data.js'
import type { PageData } from '../../page-data.js'
import { formatCount } from '../figures.js'
import { Address, Text } from '../text.js'
import { addressOf, useAddress, useAnswer } from './asking.js'
import { FilterForm } from './filter-form.js'
import { Pages } from './pages.js'
import { ViewHead } from './view-head.js'

/** All that was turned away, with small pictures where there are some. */
export function RejectedView({ data }: { readonly data: PageData }) {
  const api = data.explorer?.api ?? ''
  const [params, go] = useAddress()
  const [where, reason] = [params.get('where') ?? '', params.get('reason') ?? '']
  const counted = useAnswer<readonly ReasonCount[]>(addressOf(api, '/reasons')).answered
  const reasons = counted !== null && 'value' in counted ? counted.value : []
  return (
    <main>
      <ViewHead title="Rejected">
        All that was turned away, and why. Of some there are small pictures; what a site or a list forbids has
        none.
      </ViewHead>
      <FilterForm
        where={where}
        example="image_host = 'example.org'"
        onAsk={(next) => go({ where: next, reason })}
      >
        <label>
          <span class="name">Reason</span>
          <select value={reason} onChange={(event) => go({ where, reason: event.currentTarget.value })}>
            <option value="">any</option>
            {reasons.map(({ reason: one, count }) => (
              <option key={one} value={one}>
                {one} ({formatCount(count)})
              </option>
            ))}
          </select>
        </label>
      </FilterForm>
      <Pages<RejectedRow> api={api} path="/rejected" params={{ where, reason }} noun="candidate">
        {(rows) => (
          <ul class="rows" aria-label="Rejected candidates">
            {rows.map((row, i) => (
              <li key={i}>
                <Rejected api={api} row={row} />
              </li>
            ))}
          </ul>
        )}
      </Pages>
    </main>
  )
}

function Rejected({ api, row }: { readonly api: string; readonly row: RejectedRow }) {
  const { reason, detail, meaning, caption, url, pageUrl, score, width, height, picture } = row
  return (
    <>
      <div class="frame">
        {picture === null ? (
          <span class="note">no picture</span>
        ) : (
          <img
            src={addressOf(api, '/rejected-picture', { name: picture })}
            alt=""
            loading="lazy"
            decoding="async"
          />
        )}
      </div>
      <div>
        <p class="why">
          <code>
            <Text text={reason} most={60} />
          </code>{' '}
          <span class="note">
            {meaning}
            {detail !== null && (
              <>
                ; <Text text={detail} />
              </>
            )}
          </span>
        </p>
        <p>
          <Text text={caption} />
        </p>
        <p class="note">
          {score !== null && `score ${score.toFixed(3)}, `}
          {width !== null && height !== null && `${formatCount(width)} × ${formatCount(height)} pixels`}
        </p>
        <p class="note">
          <Address url={url} />
          {pageUrl !== null && (
            <>
              {' '}
              on <Address url={pageUrl} />
            </>
          )}
        </p>
      </div>
    </>
  )
}
