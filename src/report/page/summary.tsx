import type { ReportData } from '../page-data.js'
import { amount, formatBytes, formatShare, formatTime } from './figures.js'
import { Funnel } from './funnel.js'
import { Glance } from './glance.js'
import { Hint } from './hint.js'
import { Text } from './text.js'

/** First look: how much was kept, of what, and the way there. */
export function Summary({ report }: { readonly report: ReportData }) {
  const { dataset, candidates, hosts, pages } = report
  return (
    <header class="summary">
      <p class="mark">pairmill report</p>
      <h1>
        <Text text={dataset.place} />
      </h1>
      <p class="headline">
        <strong>{amount(candidates.kept, 'pair')}</strong> of an image and its text were kept, out of{' '}
        {amount(candidates.all, 'candidate')} from {amount(hosts.total, 'host')}:{' '}
        <strong>{formatShare(candidates.kept, candidates.all) || 'none'}</strong>.
        {dataset.isComplete === false && ' Its run still goes on; this is what is committed so far.'}
      </p>
      <dl class="facts">
        <Fact
          name="Dataset"
          value={formatBytes(dataset.bytes)}
          more={`in ${amount(dataset.shards, 'shard')}`}
          hint="A shard is a tar file of pairs, as programs that train models load them."
        />
        <Fact
          name="Pages"
          value={pages.decided === 0 ? 'none' : amount(pages.read, 'page')}
          more={pages.decided === 0 ? 'its sources name pictures' : 'were read'}
        />
        <Fact
          name="Scored by"
          value={dataset.modelId ?? 'no model'}
          more={dataset.threshold === null ? 'no threshold' : `kept from ${dataset.threshold} on`}
          hint="The model says how well a text fits its picture, as a number between −1 and 1: the score. Numbers of different models cannot be compared."
        />
        {dataset.fetched !== null && (
          <Fact
            name="Fetched"
            value={formatTime(dataset.fetched.from)}
            more={`to ${formatTime(dataset.fetched.to)}`}
          />
        )}
        {dataset.curatedFrom.length > 0 && (
          <Fact name="Made of" value={dataset.curatedFrom.join(', ')} more="by pairmill curate" />
        )}
      </dl>
      <Funnel report={report} />
      <Glance report={report} />
    </header>
  )
}

function Fact({
  name,
  value,
  more,
  hint,
}: {
  readonly name: string
  readonly value: string
  readonly more: string
  readonly hint?: string
}) {
  return (
    <div>
      <dt>
        {name} {hint !== undefined && <Hint term={name} text={hint} />}
      </dt>
      <dd>
        <Text text={value} most={80} /> <span class="more">{more}</span>
      </dd>
    </div>
  )
}
