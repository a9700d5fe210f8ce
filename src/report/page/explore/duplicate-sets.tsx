import type { DuplicateRow, DuplicateSet } from '../../explore/explore-data.js'
import type { PageData } from '../../page-data.js'
import { amount, formatCount } from '../figures.js'
import { Hint } from '../hint.js'
import { Address, Text } from '../text.js'
import { Pages } from './pages.js'
import { PairGrid } from './pair-grid.js'
import { ViewHead } from './view-head.js'

/** Kept pictures that came more than once. */
export function DuplicatesView({ data }: { readonly data: PageData }) {
  const api = data.explorer?.api ?? ''
  return (
    <main>
      <ViewHead title="Duplicates">
        Pictures that came more than once: the one that was kept, and what repeats it.{' '}
        <Hint
          term="distance"
          text="A picture is summed up in 64 bits. The distance says in how many of them two pictures differ: 0 is alike, 32 is by chance."
        />
      </ViewHead>
      <Pages<DuplicateSet> api={api} path="/duplicates" params={{ limit: 30 }} noun="group">
        {(sets) => (
          <ul class="duplicates">
            {sets.map(({ winner, count, losers }) => (
              <li key={winner.key}>
                <PairGrid api={api} label="Kept" shown={[{ pair: winner, figure: null }]} />
                <div>
                  <p>
                    Kept once, met {amount(count, 'more time')}
                    {losers.length < count && `, of which ${formatCount(losers.length)} are shown`}:
                  </p>
                  <ol>
                    {losers.map((loser, i) => (
                      <li key={i}>
                        <Text text={loser.caption} most={80} />{' '}
                        <span class="share">{distanceText(loser)}</span>
                        <br />
                        <Address url={loser.url} most={70} />
                      </li>
                    ))}
                  </ol>
                </div>
              </li>
            ))}
          </ul>
        )}
      </Pages>
    </main>
  )
}

function distanceText({ isExact, distance }: DuplicateRow): string {
  if (isExact) return 'same file'
  return distance === null ? 'alike' : `distance ${distance}`
}
