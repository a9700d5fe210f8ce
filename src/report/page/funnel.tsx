import type { ReportData } from '../page-data.js'
import { amount, formatCount, formatShare } from './figures.js'
import { groupWords } from './groups.js'
import { Hint } from './hint.js'

/** The way from candidates to pairs: a bar for what is left by each group of reasons, and what it took. */
export function Funnel({ report: { candidates, pages } }: { readonly report: ReportData }) {
  const { all, groups, kept } = candidates
  return (
    <figure class="funnel" aria-labelledby="funnel-title">
      <figcaption id="funnel-title">
        From pages to pairs{' '}
        <Hint
          term="a candidate"
          text="A candidate is the address of a picture with the texts that stand beside it. It is judged once, however often it is found; each rule takes its own away, and what all of them leave becomes a pair."
        />
      </figcaption>
      <ol>
        {pages.decided > 0 && (
          <li class="before">
            <span class="step">
              {amount(pages.decided, 'page')} decided about, {formatCount(pages.read)} read; pictures with a
              text stand on them {formatCount(pages.found)} times
            </span>
          </li>
        )}
        <Step
          count={all}
          lost={0}
          all={all}
          text="candidates: a picture's address and its texts, each once"
        />
        {groups.map(({ id, rejected, left }, i) => (
          <Step
            key={id}
            count={left}
            lost={rejected}
            all={all}
            text={i === groups.length - 1 && left === kept ? 'pairs kept' : groupWords(id).left}
            href={`#reasons-${id}`}
            lostText={groupWords(id).lost}
            isLast={i === groups.length - 1}
          />
        ))}
      </ol>
    </figure>
  )
}

function Step({
  count,
  lost,
  all,
  text,
  href,
  lostText,
  isLast = false,
}: {
  readonly count: number
  readonly lost: number
  readonly all: number
  readonly text: string
  readonly href?: string
  readonly lostText?: string
  readonly isLast?: boolean
}) {
  const percent = (of: number) => `${all === 0 ? 0 : (100 * of) / all}%`
  return (
    <li class={isLast ? 'last' : undefined}>
      <span class="step">
        <b>{formatCount(count)}</b> {text}
      </span>
      <span class="bar" aria-hidden="true">
        <span class="left" style={{ width: percent(count) }} />
        <span class="lost" style={{ width: percent(lost) }} />
      </span>
      {lost > 0 && (
        <a class="loss" href={href}>
          −{formatCount(lost)} {lostText} <span class="share">{formatShare(lost, all)}</span>
        </a>
      )}
    </li>
  )
}
