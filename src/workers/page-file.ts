import { randomBytes } from 'node:crypto'
import type { Backend, WorkResult } from '../backend/index.js'
import { type Store, writePageFile } from '../shard/index.js'
import { withLease } from './lease.js'

interface PageLedgerDeps {
  readonly backend: Pick<Backend, 'leasePageFile' | 'extendLease' | 'releaseLease' | 'commitPageFile'>
  readonly store: Store
}

const leaseMs = 30_000

/** Writes one full file of the page ledger into the store, and has the backend forget its rows. null = it is another's, or none any more. */
export async function writeLedgerFile(
  { backend, store }: PageLedgerDeps,
  { run, settleMs }: { readonly run: string; readonly settleMs: number },
  file: number,
  abort: AbortSignal,
): Promise<WorkResult | null> {
  const token = randomBytes(12).toString('hex')
  const lease = await backend.leasePageFile({ run, file, token, leaseMs, settleMs })
  if (lease.kind !== 'rows') return null
  const { rows, closedAtMs } = lease
  const taken = { run, kind: 'page_file', id: file, token, leaseMs } as const
  return await withLease(backend, taken, abort, async ({ signal }) => {
    await writePageFile(store, { run, file, createdAt: new Date(closedAtMs).toISOString(), rows }, signal)
    await backend.commitPageFile({ run, file, token })
    return { kind: 'done' }
  })
}
