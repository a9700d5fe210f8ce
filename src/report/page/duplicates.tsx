import type { DuplicateGroup, ReportData } from '../page-data.js'
import { amount, formatCount } from './figures.js'
import { Gallery } from './gallery.js'
import { Hint } from './hint.js'
import { Address, Text } from './text.js'

/** Pictures that came more than once: the one that was kept, and what repeats it. */
export function Duplicates({ report }: { readonly report: ReportData }) {
  const { groups, rows, sizes, largest } = report.duplicates
  return (
    <>
      <p class="lead">
        {amount(rows, 'candidate')} repeat {amount(groups, 'kept picture')}, as the same file or as one that
        looks alike. The first that came was kept.{' '}
        <Hint
          term="distance"
          text="A picture is summed up in 64 bits. The distance says in how many of them two pictures differ: 0 is alike, 32 is by chance."
        />
      </p>
      <p class="sizes">
        {sizes.slice(0, 12).map(({ size, groups: count }) => (
          <span key={size} class="chip">
            {formatCount(count)} × {formatCount(size)} pictures
          </span>
        ))}
      </p>
      <ul class="duplicates">
        {largest.map((group) => (
          <li key={group.winner}>
            <Group group={group} report={report} />
          </li>
        ))}
      </ul>
    </>
  )
}

function Group({ group, report }: { readonly group: DuplicateGroup; readonly report: ReportData }) {
  const { winner, losers, rows } = group
  return (
    <>
      <Gallery report={report} numbers={[winner]} label="Kept" />
      <div>
        <p>
          Kept once, met {amount(rows, 'more time')}
          {losers.length < rows && `, of which ${formatCount(losers.length)} are shown`}:
        </p>
        <ol class="repeats">
          {losers.map(({ caption, url, distance, reason }, i) => (
            <li key={i}>
              <Text text={caption} most={80} />{' '}
              <span class="share">
                {reason === 'duplicate_exact'
                  ? 'same file'
                  : distance === null
                    ? 'alike'
                    : `distance ${distance}`}
              </span>
              <br />
              <Address url={url} most={70} />
            </li>
          ))}
        </ol>
      </div>
    </>
  )
}
