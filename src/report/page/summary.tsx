import type { ReportData } from '../page-data.js'
import { amount, formatShare } from './figures.js'
import { Text } from './text.js'

/** First look: how much was kept, of what, and the way there. */
export function Summary({ report }: { readonly report: ReportData }) {
  const { dataset, candidates, hosts } = report
  return (
    <header class="summary">
      <p class="mark">pairmill report</p>
      <h1>
        <Text text={dataset.place} />
      </h1>
      <p class="headline">
        <strong>{amount(candidates.kept, 'pair')}</strong> of an image and a text were kept, of{' '}
        {amount(candidates.all, 'candidate')} on {amount(hosts.total, 'host')} (
        {formatShare(candidates.kept, candidates.all)}).
      </p>
    </header>
  )
}
