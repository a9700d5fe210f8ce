import type { Backend, PageFileLease, SessionCommitted } from './backend.js'
import { packPages, unpackPages } from './page-chunk.js'

/** Runs one of pairmill's SQL functions: jsonb in, jsonb out, one transaction. */
export type CallSql = (name: string, argument: unknown) => Promise<unknown>

type PageFileReply =
  | Exclude<PageFileLease, { kind: 'rows' }>
  | {
      readonly kind: 'rows'
      readonly closedAtMs: number
      readonly chunks: readonly { readonly at: number; readonly body: string }[]
    }

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
export function sqlBackend(call: CallSql): Backend {
  const ask =
    <Wish, Reply>(name: string) =>
    async (wish: Wish): Promise<Reply> =>
      (await call(name, wish)) as Reply
  return {
    openRun: async (run, options, limits) =>
      (await call('open_run', { run, options, limits })) as Awaited<ReturnType<Backend['openRun']>>,
    setOptions: async (run, options) => void (await call('set_options', { run, options })),
    setLimits: async (run, limits) => void (await call('set_limits', { run, limits })),
    addElapsed: async (run, ms) => void (await call('add_elapsed', { run, ms: Math.round(ms) })),
    progress: async (run) => (await call('progress', { run })) as Awaited<ReturnType<Backend['progress']>>,
    counters: async (run) => (await call('counters', { run })) as Record<string, number>,
    hosts: async (run, limit) =>
      (await call('hosts', { run, limit })) as Awaited<ReturnType<Backend['hosts']>>,
    resetLeases: async () => void (await call('reset_leases', {})),

    runs: async () => (await call('runs', {})) as Awaited<ReturnType<Backend['runs']>>,
    adoptModel: async (run, model) =>
      (await call('adopt_model', { run, model })) as Awaited<ReturnType<Backend['adoptModel']>>,
    setStanding: async (run, standing, note) =>
      ((await call('set_standing', { run, standing, note })) as { there: boolean }).there,
    createdMs: async (run) => ((await call('created', { run })) as { createdMs?: number }).createdMs ?? null,
    markForgotten: ask('mark_forgotten'),
    clearForgotten: async (run, onSlice) => {
      for (;;) {
        const { removed } = (await call('clear_forgotten', { run, most: rowsAtOnce })) as { removed: number }
        if (removed === 0) return
        onSlice(removed)
      }
    },
    endRun: async (wish) => ((await call('end_run', wish)) as { ended: boolean }).ended,
    claimDuty: async (wish) => ((await call('claim_duty', wish)) as { claimed: boolean }).claimed,
    dropDuty: async (wish) => void (await call('drop_duty', wish)),
    beat: async (wish) => void (await call('beat', wish)),
    removeWorker: async (worker) => void (await call('remove_worker', { worker })),
    workers: async () => (await call('workers', {})) as Awaited<ReturnType<Backend['workers']>>,

    offer: async (run, urls, seeds) =>
      ((await call('offer', { run, urls, seeds })) as { hosts: string[] }).hosts,
    leaseHost: ask('lease_host'),
    commitSession: async ({ decided, ...commit }) => {
      try {
        return (await call('commit_session', {
          ...commit,
          decidedRows: decided.length,
          decided: decided.length === 0 ? null : packPages(commit.host, decided),
        })) as SessionCommitted
      } catch (error) {
        if (!isRefusal(error)) throw error
        return { kind: 'refused', detail: String(error) }
      }
    },
    releaseHost: async (wish) => void (await call('release_host', wish)),
    reportHosts: async (reports) => void (await call('report_hosts', { reports })),
    waitingHosts: async (run, limit) => (await call('waiting_hosts', { run, limit })) as string[],
    reserve: ask('reserve'),
    robotsOf: async (origin, claimMs) =>
      (await call('robots_of', { origin, claimMs })) as Awaited<ReturnType<Backend['robotsOf']>>,
    dropRobotsClaim: async (origin) => void (await call('drop_robots_claim', { origin })),
    putRobots: async (entry) => void (await call('put_robots', entry)),

    openSources: async (run, sources) =>
      (await call('open_sources', { run, sources })) as Awaited<ReturnType<Backend['openSources']>>,
    sources: async (run) => (await call('sources', { run })) as Awaited<ReturnType<Backend['sources']>>,
    commitSource: ask('commit_source'),

    closeBatches: async (run, shape) => (await call('close_batches', { run, ...shape })) as string[],
    openBatches: async (run, limit) => (await call('open_batches', { run, limit })) as string[],
    leaseBatch: ask('lease_batch'),
    extendBatch: ask('extend_batch'),
    releaseBatch: async (wish) => void (await call('release_batch', wish)),
    findDuplicates: ask('find_duplicates'),
    captionCounts: async (run, texts) => (await call('caption_counts', { run, texts })) as number[],
    commitBatch: ask('commit_batch'),

    unplannedParts: async (run, limit) =>
      (await call('unplanned_parts', { run, limit })) as Awaited<ReturnType<Backend['unplannedParts']>>,
    allotPlan: async (wish) => ((await call('allot_plan', wish)) as { plan?: number }).plan ?? null,
    openPlans: async (run) => (await call('open_plans', { run })) as number[],
    leasePlan: ask('lease_plan'),
    extendPlan: ask('extend_plan'),
    releasePlan: async (wish) => void (await call('release_plan', wish)),
    commitPlan: ask('commit_plan'),
    adoptPlan: async (run, plan) =>
      ((await call('adopt_plan', { run, plan })) as { adopted: boolean }).adopted,
    liveParts: async (run) => (await call('live_parts', { run })) as string[],

    openPageFiles: async (run, closing) => (await call('open_page_files', { run, closing })) as number[],
    leasePageFile: async (wish): Promise<PageFileLease> => {
      const lease = (await call('lease_page_file', wish)) as PageFileReply
      if (lease.kind !== 'rows') return lease
      const rows = lease.chunks.flatMap(({ at, body }) => unpackPages(body, at))
      return { kind: 'rows', rows, closedAtMs: lease.closedAtMs }
    },
    releasePageFile: async (wish) => void (await call('release_page_file', wish)),
    commitPageFile: async (wish) =>
      ((await call('commit_page_file', wish)) as { committed: boolean }).committed ? 'committed' : 'lost',
    adoptPageFiles: async (run, last) => void (await call('adopt_page_files', { run, last })),
  }
}

/** Calls the functions through one database session. */
export function callThrough(database: {
  query(text: string, params?: readonly unknown[]): Promise<{ rows: unknown[] }>
}): CallSql {
  return async (name, argument) => {
    const { rows } = await database.query(`select pairmill.${name}($1::jsonb) as answer`, [
      JSON.stringify(argument),
    ])
    return (rows[0] as { answer: unknown } | undefined)?.answer
  }
}
