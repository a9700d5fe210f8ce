import type { ReportData } from '../page-data.js'
import { formatCount, formatShare } from './figures.js'
import { Hint } from './hint.js'
import { ScrollTable } from './scroll-table.js'
import { Text } from './text.js'

/** Hosts with what they gave. */
export function Hosts({ report: { hosts } }: { readonly report: ReportData }) {
  return (
    <>
      <p class="lead">
        Which host gave how many pairs, and what the rest of its candidates met.
        {hosts.rows.length < hosts.total &&
          ` These are ${formatCount(hosts.rows.length)} of ${formatCount(hosts.total)}.`}
      </p>
      <ScrollTable label="Table of hosts">
        <thead>
          <tr>
            <th scope="col">Host</th>
            <th scope="col" class="number">
              pages read
            </th>
            <th scope="col" class="number">
              candidates
            </th>
            <th scope="col" class="number">
              pairs
            </th>
            <th scope="col">
              yield <Hint term="yield" text="The share of its candidates that became pairs." />
            </th>
            <th scope="col" class="number">
              mean score
            </th>
            <th scope="col">most rejected for</th>
          </tr>
        </thead>
        <tbody>
          {hosts.rows.map(({ host, pages, candidates, kept, meanScore, reasons }) => (
            <tr key={host}>
              <th scope="row">
                <Text text={host} most={60} />
              </th>
              <td class="number">{formatCount(pages)}</td>
              <td class="number">{formatCount(candidates)}</td>
              <td class="number">{formatCount(kept)}</td>
              <td class="yield">
                <span class="bar" aria-hidden="true">
                  <span
                    class="left"
                    style={{ width: `${candidates === 0 ? 0 : (100 * kept) / candidates}%` }}
                  />
                </span>
                {formatShare(kept, candidates)}
              </td>
              <td class="number">{meanScore === null ? '' : meanScore.toFixed(3)}</td>
              <td class="reasons">
                {reasons.map(({ name, count }) => (
                  <span key={name}>
                    <code>
                      <Text text={name ?? ''} most={40} />
                    </code>{' '}
                    {formatCount(count)}
                  </span>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </ScrollTable>
    </>
  )
}
