import { scaleLinear } from 'd3-scale'
import type { ScoreGroup } from '../page-data.js'
import { formatCount, formatHundredths } from './figures.js'
import { useWidth } from './use-width.js'

const height = 190
const margin = { top: 12, right: 8, bottom: 34, left: 46 }

/** Bars of 0.01: kept pairs, on top of them what was rejected for its score, and the threshold as a line. */
export function ScoreChart({
  group,
  at,
  runThreshold,
}: {
  readonly group: ScoreGroup
  /** Hundredths. */
  readonly at: number
  readonly runThreshold: number | null
}) {
  const [element, width] = useWidth<HTMLDivElement>(720)
  const { first, kept, low } = group
  const last = first + kept.length
  const x = scaleLinear([first, last], [margin.left, width - margin.right])
  const most = Math.max(1, ...kept.map((count, i) => count + (low[i] ?? 0)))
  const y = scaleLinear([0, most], [height - margin.bottom, margin.top]).nice(4)
  const barWidth = Math.max(1, x(first + 1) - x(first) - (x(first + 1) - x(first) > 3 ? 1 : 0))
  return (
    <div ref={element} class="chart">
      <svg width={width} height={height} aria-hidden="true">
        {y
          .ticks(4)
          .filter(Number.isInteger)
          .map((tick) => (
            <g key={tick} class="tick">
              <line x1={margin.left} x2={width - margin.right} y1={y(tick)} y2={y(tick)} />
              <text x={margin.left - 6} y={y(tick) + 4} text-anchor="end">
                {formatCount(tick)}
              </text>
            </g>
          ))}
        {kept.map((count, i) => {
          const bin = first + i
          const lost = low[i] ?? 0
          return (
            <g key={bin}>
              <rect
                class={bin >= at ? 'kept' : 'dropped'}
                x={x(bin)}
                width={barWidth}
                y={y(count)}
                height={y(0) - y(count)}
              />
              <rect
                class="low"
                x={x(bin)}
                width={barWidth}
                y={y(count + lost)}
                height={y(count) - y(count + lost)}
              />
            </g>
          )
        })}
        {x.ticks(Math.max(2, Math.floor(width / 80))).map((tick) => (
          <text key={tick} class="x" x={x(tick)} y={height - margin.bottom + 16} text-anchor="middle">
            {formatHundredths(tick)}
          </text>
        ))}
        <text class="axis" x={width - margin.right} y={height - 2} text-anchor="end">
          score (cosine of picture and text) →
        </text>
        {runThreshold !== null && (
          <line
            class="run-threshold"
            x1={x(100 * runThreshold)}
            x2={x(100 * runThreshold)}
            y1={margin.top}
            y2={height - margin.bottom}
          />
        )}
        <g class="threshold">
          <line x1={x(at)} x2={x(at)} y1={margin.top - 4} y2={height - margin.bottom} />
          <circle cx={x(at)} cy={margin.top - 4} r="5" />
        </g>
      </svg>
    </div>
  )
}
