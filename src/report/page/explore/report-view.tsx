import type { PageData, ReportData } from '../../page-data.js'
import { Report } from '../report.js'
import { addressOf, useAnswer } from './asking.js'
import { Problem } from './problem.js'
import { ViewHead } from './view-head.js'

/** The report, as it is at this moment. */
export function ReportView({ data }: { readonly data: PageData }) {
  const api = data.explorer?.api ?? ''
  const { answered } = useAnswer<ReportData>(addressOf(api, '/figures'))
  if (answered === null)
    return (
      <main>
        <ViewHead title="Report">Counting …</ViewHead>
      </main>
    )
  if ('problem' in answered)
    return (
      <main>
        <ViewHead title="Report">It cannot be made now.</ViewHead>
        <Problem text={answered.problem} />
      </main>
    )
  return <Report data={{ ...data, report: answered.value }} />
}
