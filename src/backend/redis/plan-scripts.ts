import type { PageRow, RejectReason } from '../../records/index.js'
import type { Backend, Loser, PageFileLease, PlanLease } from '../backend.js'
import { unpackPages } from '../page-chunk.js'
import { textsOf } from './replies.js'
import type { CallScript } from './scripts.js'

/** 'row reason winner;...', the winner '' where there is none. */
export function losersOf(text = ''): Loser[] {
  if (text === '') return []
  return text.split(';').map((loser) => {
    const [row, reason, winner = ''] = loser.split(' ')
    return { row: Number(row), reason: reason as RejectReason, duplicateOf: winner === '' ? null : winner }
  })
}

/** '<when> <chunk>' */
function pagesOf(text: string): PageRow[] {
  const end = text.indexOf(' ')
  return unpackPages(text.slice(end + 1), Number(text.slice(0, end)))
}

/**
 * What goes into the store. Parts, losers and chunks are answered as they are kept: there may be too many for the server to build JSON of.
 */
export function planScripts(call: CallScript) {
  return {
    unplannedParts: async (run, limit) => {
      const parts = textsOf(await call('unplanned_parts', [JSON.stringify({ run, limit })]))
      const nowMs = Number(parts.pop())
      return parts.map((part) => {
        const [batch = '', kept, rows, committedMs] = part.split(' ')
        return { batch, kept: Number(kept), rows: Number(rows), agoMs: nowMs - Number(committedMs) }
      })
    },
    leasePlan: async (wish): Promise<PlanLease> => {
      const [lease = '', ...losers] = textsOf(await call('lease_plan', [JSON.stringify(wish)]))
      const answer = JSON.parse(lease) as PlanLease
      if (answer.kind !== 'plan') return answer
      const parts = answer.plan.parts.map((part, i) => ({ ...part, losers: losersOf(losers[i]) }))
      return { kind: 'plan', plan: { ...answer.plan, parts } }
    },
    leasePageFile: async (wish): Promise<PageFileLease> => {
      const [lease = '', ...chunks] = textsOf(await call('lease_page_file', [JSON.stringify(wish)]))
      const answer = JSON.parse(lease) as PageFileLease
      return answer.kind === 'rows' ? { ...answer, rows: chunks.flatMap(pagesOf) } : answer
    },
  } satisfies Partial<Backend>
}
