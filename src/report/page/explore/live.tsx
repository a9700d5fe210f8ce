import { useEffect, useState } from 'preact/hooks'
import type { LiveAnswer, NewestPicture } from '../../explore/explore-data.js'
import type { PageData } from '../../page-data.js'
import { formatCount, formatShare } from '../figures.js'
import { ScrollTable } from '../scroll-table.js'
import { Text } from '../text.js'
import { type Answered, addressOf, ask } from './asking.js'
import { LiveHosts, LiveWorkers } from './live-tables.js'
import { Problem } from './problem.js'
import { ViewHead } from './view-head.js'

/** Between two looks. */
const everyMs = 2_000

/** The run while it goes on. */
export function LiveView({ data }: { readonly data: PageData }) {
  const api = data.explorer?.api ?? ''
  const answered = useLooks(api)
  const live = answered !== null && 'value' in answered ? answered.value : null
  return (
    <main>
      <ViewHead title="Live">
        {live === null ? (
          'What its run is at.'
        ) : (
          <>
            Run <Text text={live.run} most={80} />: <strong>{live.state}</strong>, {seconds(live.elapsedMs)}{' '}
            of work so far.
            {live.note !== null && (
              <>
                {' '}
                <Text text={live.note} most={300} />
              </>
            )}
          </>
        )}
      </ViewHead>
      {answered !== null && 'problem' in answered && <Problem text={answered.problem} />}
      {live !== null && <Following api={api} live={live} />}
    </main>
  )
}

/** Looks again and again, one look after the other. */
function useLooks(api: string): Answered<LiveAnswer> | null {
  const [answered, setAnswered] = useState<Answered<LiveAnswer> | null>(null)
  useEffect(() => {
    const calledOff = new AbortController()
    const { signal } = calledOff
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = async () => {
      setAnswered(await ask<LiveAnswer>(addressOf(api, '/live'), { signal }))
      if (!signal.aborted) timer = setTimeout(follow, everyMs)
    }
    const follow = () => {
      look().catch(() => {})
    }
    follow()
    return () => {
      calledOff.abort()
      clearTimeout(timer)
    }
  }, [api])
  return answered
}

function Following({ api, live }: { readonly api: string; readonly live: LiveAnswer }) {
  const { rates, funnel, waits, reasons, hosts, workers, newest, isGoingOn } = live
  const rejected = reasons.reduce((sum, { count }) => sum + count, 0)
  return (
    <>
      {isGoingOn && (
        <dl class="facts rates">
          {rates.map(({ name, perSecond }) => (
            <div key={name}>
              <dt>{name} per second</dt>
              <dd>{perSecond.toFixed(perSecond >= 99.5 ? 0 : 1)}</dd>
            </div>
          ))}
        </dl>
      )}
      <h2>From pages to pairs</h2>
      <ol class="live-funnel">
        {funnel.map(({ name, count, share }) => (
          <li key={name}>
            <span>{name}</span>
            <b>{formatCount(count)}</b>
            <span class="share">{share === null ? '' : formatShare(share, 1)}</span>
          </li>
        ))}
      </ol>
      <h2>What waits</h2>
      <ul>
        {waits.map((text) => (
          <li key={text}>
            <Text text={text} most={400} />
          </li>
        ))}
      </ul>
      {newest !== null && (
        <>
          <Newest api={api} batch={newest.batch} title="Newest kept" pictures={newest.kept} />
          <Newest api={api} batch={newest.batch} title="Newest turned away" pictures={newest.rejected} />
        </>
      )}
      {reasons.length > 0 && (
        <>
          <h2>Turned away: {formatCount(rejected)}</h2>
          <ScrollTable label="Reasons">
            <tbody>
              {reasons.map(({ reason, count, meaning }) => (
                <tr key={reason}>
                  <th scope="row">
                    <code>
                      <Text text={reason} most={60} />
                    </code>
                  </th>
                  <td class="number">{formatCount(count)}</td>
                  <td class="number">{formatShare(count, rejected)}</td>
                  <td>{meaning}</td>
                </tr>
              ))}
            </tbody>
          </ScrollTable>
        </>
      )}
      <LiveHosts hosts={hosts} />
      <LiveWorkers workers={workers} />
    </>
  )
}

function Newest({
  api,
  batch,
  title,
  pictures,
}: {
  readonly api: string
  readonly batch: string
  readonly title: string
  readonly pictures: readonly NewestPicture[]
}) {
  if (pictures.length === 0) return null
  return (
    <>
      <h2>{title}</h2>
      <ul class="gallery" aria-label={title}>
        {pictures.map(({ n, caption, host, score, reason }) => (
          <li key={n}>
            <figure class="tile still">
              <span class="frame">
                <img src={addressOf(api, '/newest-picture', { batch, n })} alt="" decoding="async" />
              </span>
              <figcaption class="caption">
                <Text text={caption} most={120} />
              </figcaption>
              <span class="foot">
                {score !== null && `${score.toFixed(3)} · `}
                {reason ?? <Text text={host} most={40} />}
              </span>
            </figure>
          </li>
        ))}
      </ul>
    </>
  )
}

const seconds = (ms: number): string => {
  const all = Math.round(ms / 1000)
  if (all < 120) return `${all} s`
  return all < 7_200 ? `${Math.floor(all / 60)} min` : `${(all / 3600).toFixed(1)} h`
}
