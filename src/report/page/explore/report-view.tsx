import { useEffect, useState } from 'preact/hooks'
import type { FiguresProgress } from '../../explore/explore-data.js'
import type { PageData, ReportData } from '../../page-data.js'
import { Report } from '../report.js'
import { type Answered, addressOf, ask } from './asking.js'
import { Problem } from './problem.js'
import { ViewHead } from './view-head.js'

type Figures = ReportData | FiguresProgress

/** The report, as it is at this moment; of a large dataset it is made while somebody waits. */
export function ReportView({ data }: { readonly data: PageData }) {
  const answered = useFigures(addressOf(data.explorer?.api ?? '', '/figures'))
  if (answered !== null && 'problem' in answered)
    return (
      <main>
        <ViewHead title="Report">It cannot be made now.</ViewHead>
        <Problem text={answered.problem} />
      </main>
    )
  if (answered === null) return <Making step={null} />
  const { value } = answered
  return 'kind' in value ? <Making step={value.step} /> : <Report data={{ ...data, report: value }} />
}

function Making({ step }: { readonly step: string | null }) {
  return (
    <main>
      <ViewHead title="Report">It is made of all rows: of a million that takes some seconds.</ViewHead>
      <p class="note" role="status">
        {step === null ? 'Asking …' : `Counting: ${step} …`}
      </p>
    </main>
  )
}

/** Asks again and again until the figures are there: the explorer takes its time to answer. null = nothing is known yet. */
function useFigures(address: string): Answered<Figures> | null {
  const [answered, setAnswered] = useState<Answered<Figures> | null>(null)
  useEffect(() => {
    const calledOff = new AbortController()
    const { signal } = calledOff
    const follow = async () => {
      while (!signal.aborted) {
        const answer = await ask<Figures>(address, { signal })
        setAnswered(answer)
        if ('problem' in answer || !('kind' in answer.value)) return
      }
    }
    follow().catch(() => {})
    return () => calledOff.abort()
  }, [address])
  return answered
}
