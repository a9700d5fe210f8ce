import type { Backend, BatchLease, PageFileLease, SessionCommitted, SourceCommitted } from './backend.js'
import { askBy, type CallJson, jsonMethods } from './json-methods.js'
import { packPages, unpackPages } from './page-chunk.js'
import { packFound, unpackRejects } from './reject-chunk.js'

type PageFileReply =
  | Exclude<PageFileLease, { kind: 'rows' }>
  | {
      readonly kind: 'rows'
      readonly closedAtMs: number
      readonly chunks: readonly { readonly at: number; readonly body: string }[]
    }

type BatchReply =
  | Exclude<BatchLease, { kind: 'rejects' }>
  | { readonly kind: 'rejects'; readonly chunks: readonly string[] }

/** Rows of a forgotten run that one transaction takes away. */
const rowsAtOnce = 5_000

/**
 * Whether a statement failed for what it was given, by PostgreSQL's codes: bad data (22), more than a limit of the program allows (54), more
 * memory than there is (53200). A full disk, a connection or a server that ends are not among them.
 */
function isRefusal(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null
  return typeof code === 'string' && /^(?:22|54|53200$)/.test(code)
}

/** The backend over SQL functions (see sql/*.sql, which say what each takes and gives). */
export function sqlBackend(call: CallJson): Backend {
  const ask = askBy(call)
  return {
    ...jsonMethods(call),

    clearForgotten: async (run, onSlice) => {
      for (;;) {
        const { removed } = (await call('clear_forgotten', { run, most: rowsAtOnce })) as { removed: number }
        if (removed === 0) return
        onSlice(removed)
      }
    },
    offer: ask('offer', 'run', 'urls', 'seeds'),
    leaseHost: ask('lease_host'),
    commitSession: async ({ decided, candidates, ...commit }) => {
      const { head, found } = packFound(commit.host, candidates)
      try {
        return (await call('commit_session', {
          ...commit,
          head,
          candidates: found,
          decidedRows: decided.length,
          decided: decided.length === 0 ? null : packPages(commit.host, decided),
        })) as SessionCommitted
      } catch (error) {
        if (!isRefusal(error)) throw error
        return { kind: 'refused', detail: String(error) }
      }
    },
    reserve: ask('reserve'),
    commitSource: async ({ candidates, ...commit }) => {
      const { head, found } = packFound('', candidates)
      return (await call('commit_source', { ...commit, head, candidates: found })) as SourceCommitted
    },
    leaseBatch: async (wish) => {
      const lease = (await call('lease_batch', wish)) as BatchReply
      return lease.kind === 'rejects'
        ? { kind: 'rejects', rejects: lease.chunks.flatMap(unpackRejects) }
        : lease
    },
    findDuplicates: ask('find_duplicates'),
    captionCounts: ask('caption_counts', 'run', 'texts'),
    commitBatch: ask('commit_batch'),
    unplannedParts: ask('unplanned_parts', 'run', 'limit'),
    leasePlan: ask('lease_plan'),
    leasePageFile: async (wish) => {
      const lease = (await call('lease_page_file', wish)) as PageFileReply
      if (lease.kind !== 'rows') return lease
      const rows = lease.chunks.flatMap(({ at, body }) => unpackPages(body, at))
      return { kind: 'rows', rows, closedAtMs: lease.closedAtMs }
    },
  }
}

/** Calls the functions through one database session. */
export function callThrough(database: {
  query(text: string, params?: readonly unknown[]): Promise<{ rows: unknown[] }>
}): CallJson {
  return async (name, argument) => {
    const { rows } = await database.query(`select pairmill.${name}($1::jsonb) as answer`, [
      JSON.stringify(argument),
    ])
    return (rows[0] as { answer: unknown } | undefined)?.answer
  }
}
