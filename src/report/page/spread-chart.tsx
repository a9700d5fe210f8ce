import { scaleLinear } from 'd3-scale'
import type { Spread } from '../page-data.js'
import { amount, formatCount, formatFigure } from './figures.js'
import { useWidth } from './use-width.js'

const height = 130
const margin = { top: 8, right: 20, bottom: 22, left: 20 }
/** A single bin is no wall. */
const widestBar = 56

/** Histogram of a figure, with the middle and the ends of most pairs in words. */
export function SpreadChart({
  title,
  unit,
  spread,
}: {
  readonly title: string
  /** Behind a figure; '' = it has none. */
  readonly unit: string
  readonly spread: Spread
}) {
  const [element, width] = useWidth<HTMLDivElement>(320)
  const { bins, step, p5, p50, p95, min, max, below, above } = spread
  const first = bins[0]?.from ?? 0
  const x = scaleLinear([first, first + bins.length * step], [margin.left, width - margin.right])
  const y = scaleLinear(
    [0, Math.max(1, ...bins.map(({ count }) => count))],
    [height - margin.bottom, margin.top],
  )
  const binWidth = x(first + step) - x(first)
  const barWidth = Math.max(1, Math.min(widestBar, binWidth - 1))
  const ticks = x
    .ticks(Math.max(2, Math.floor(width / 90)))
    .filter((tick) => Math.abs(tick / step - Math.round(tick / step)) < 1e-6)
  const figure = (value: number) => `${formatFigure(value)}${unit === '' ? '' : ` ${unit}`}`
  return (
    <figure class="spread">
      <figcaption>
        <h3>{title}</h3>
        <p>
          Half of the pairs have at most <b>{figure(p50)}</b>; nine in ten lie between {figure(p5)} and{' '}
          {figure(p95)}.
        </p>
      </figcaption>
      <div ref={element} class="chart">
        <svg width={width} height={height} aria-hidden="true">
          {bins.map(({ from, count }) => (
            <rect
              key={from}
              class="kept"
              x={x(from) + (binWidth - barWidth) / 2}
              width={barWidth}
              y={y(count)}
              height={Math.max(count > 0 ? 1 : 0, y(0) - y(count))}
            >
              <title>{`${figure(from)} and up: ${formatCount(count)}`}</title>
            </rect>
          ))}
          {ticks.map((tick) => (
            <text key={tick} class="x" x={x(tick)} y={height - 6} text-anchor="middle">
              {formatFigure(tick)}
            </text>
          ))}
        </svg>
      </div>
      <p class="note">
        From {figure(min)} to {figure(max)}.
        {below + above > 0 && ` ${amount(below + above, 'pair')} beyond what is drawn.`}
      </p>
    </figure>
  )
}
