import type { NamedCount, ReportData } from '../page-data.js'
import { formatCount, formatShare } from './figures.js'
import { SpreadChart } from './spread-chart.js'
import { Text } from './text.js'

/** How large the pictures are, how long the texts, and where these come from. */
export function Shapes({ report }: { readonly report: ReportData }) {
  const { sides, aspects, captionLengths, languages, captionSources } = report
  return (
    <div class="charts">
      {sides !== null && <SpreadChart title="Shorter side, as fetched" unit="pixels" spread={sides} />}
      {aspects !== null && <SpreadChart title="Width by height" unit="" spread={aspects} />}
      {captionLengths !== null && (
        <SpreadChart title="Length of the caption" unit="characters" spread={captionLengths} />
      )}
      <Bars title="Language of the caption" counts={languages.slice(0, 12)} nameOf={languageName} />
      <Bars
        title="Where the caption stood"
        counts={captionSources
          .filter(({ captions }) => captions > 0)
          .map(({ source, captions }) => ({ name: source, count: captions }))}
        nameOf={(name) => name}
      />
    </div>
  )
}

const languageName = (name: string): string => (name === 'und' ? 'not told' : name)

function Bars({
  title,
  counts,
  nameOf,
}: {
  readonly title: string
  readonly counts: readonly NamedCount[]
  readonly nameOf: (name: string) => string
}) {
  const all = counts.reduce((sum, { count }) => sum + count, 0)
  return (
    <div class="spread">
      <h3>{title}</h3>
      <ul class="bars">
        {counts.map(({ name, count }) => (
          <li key={name}>
            <span class="name">
              <Text text={name === null ? 'none' : nameOf(name)} most={30} />
            </span>
            <span class="bar" aria-hidden="true">
              <span class="left" style={{ width: `${(100 * count) / Math.max(1, all)}%` }} />
            </span>
            <span class="count">
              {formatCount(count)} <span class="share">{formatShare(count, all)}</span>
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}
