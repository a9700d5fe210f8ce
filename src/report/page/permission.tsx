import type { RefusalFact, ReportData } from '../page-data.js'
import { formatCount, formatShare } from './figures.js'
import { ScrollTable } from './scroll-table.js'
import { Address, Text } from './text.js'

/** What sites refused, by rule; and what became of pages. */
export function Permission({ report: { refusals, pages } }: { readonly report: ReportData }) {
  return (
    <>
      {refusals.length === 0 ? (
        <p class="lead">Nobody refused anything.</p>
      ) : (
        <>
          <p class="lead">
            Pages and pictures that were left alone on somebody's word: robots.txt, an opt-out, or a list of
            this run. None of them was fetched; of a page whose pictures are refused, the page alone was.
          </p>
          <ScrollTable label="Refusals by rule">
            <thead>
              <tr>
                <th scope="col">Rule</th>
                <th scope="col">what it kept away</th>
                <th scope="col" class="number">
                  times
                </th>
                <th scope="col" class="number">
                  hosts
                </th>
                <th scope="col">for example</th>
              </tr>
            </thead>
            <tbody>
              {refusals.map(({ what, rule, count, hosts, example }) => (
                <tr key={`${what} ${rule}`}>
                  <th scope="row">
                    <code>
                      <Text text={rule} most={80} />
                    </code>
                  </th>
                  <td>{whatWords[what]}</td>
                  <td class="number">{formatCount(count)}</td>
                  <td class="number">{formatCount(hosts)}</td>
                  <td>{example !== '' && <Address url={example} most={60} />}</td>
                </tr>
              ))}
            </tbody>
          </ScrollTable>
        </>
      )}
      {pages.decided > 0 && (
        <ScrollTable label="Pages by outcome">
          <caption>What became of {formatCount(pages.decided)} pages</caption>
          <thead>
            <tr>
              <th scope="col">Outcome</th>
              <th scope="col">meaning</th>
              <th scope="col" class="number">
                pages
              </th>
              <th scope="col" class="number">
                share
              </th>
            </tr>
          </thead>
          <tbody>
            {pages.outcomes.map(({ outcome, reason, meaning, count }) => (
              <tr key={`${outcome} ${reason}`}>
                <th scope="row">
                  <code>
                    <Text text={reason === null ? outcome : `${outcome}: ${reason}`} most={80} />
                  </code>
                </th>
                <td>{meaning}</td>
                <td class="number">{formatCount(count)}</td>
                <td class="number">{formatShare(count, pages.decided)}</td>
              </tr>
            ))}
          </tbody>
        </ScrollTable>
      )}
    </>
  )
}

const whatWords: Readonly<Record<RefusalFact['what'], string>> = {
  page: 'a page',
  images: "a page's pictures",
  image: 'a picture',
}
