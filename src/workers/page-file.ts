import { randomBytes } from 'node:crypto'
import type { Backend, WorkResult } from '../backend/index.js'
import { type Store, writePageFile } from '../shard/index.js'

export interface PageLedgerDeps {
  readonly backend: Pick<Backend, 'leasePageFile' | 'releasePageFile' | 'commitPageFile'>
  readonly store: Store
}

/** Writing a file takes no longer. */
const leaseMs = 60_000

/** Writes one full file of the page ledger into the store, and has the backend forget its rows. null = it is another's, or none any more. */
export async function writeLedgerFile(
  deps: PageLedgerDeps,
  { run, settleMs }: { readonly run: string; readonly settleMs: number },
  file: number,
  abort: AbortSignal,
): Promise<WorkResult | null> {
  const token = randomBytes(12).toString('hex')
  const lease = await deps.backend.leasePageFile({ run, file, token, leaseMs, settleMs })
  if (lease.kind !== 'rows') return null
  const { rows, closedAtMs } = lease
  const createdAt = new Date(closedAtMs).toISOString()
  const signal = AbortSignal.any([abort, AbortSignal.timeout(leaseMs)])
  try {
    await writePageFile(deps.store, { run, file, createdAt, rows }, signal)
  } catch (error) {
    if (abort.aborted) return { kind: 'done' }
    await deps.backend.releasePageFile({ run, file, token })
    throw error
  }
  await deps.backend.commitPageFile({ run, file, token })
  return { kind: 'done' }
}
