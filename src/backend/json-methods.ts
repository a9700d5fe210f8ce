import type { Backend } from './backend.js'

/** Calls a function of the backend, in SQL or Lua, by its name: JSON in, JSON out, one transaction. */
export type CallJson = (name: string, argument: unknown) => Promise<unknown>

/**
 * Makes a method of a function: it takes the method's arguments by their names, or its only one as it is, and answers what the method answers.
 */
export function askBy(call: CallJson) {
  return <Values extends readonly unknown[], Answer>(name: string, ...names: readonly string[]) =>
    async (...values: Values): Promise<Answer> => {
      const named = Object.fromEntries(names.map((parameter, i) => [parameter, values[i]]))
      return (await call(name, names.length === 0 ? (values[0] ?? {}) : named)) as Answer
    }
}

/** The methods that are alike over SQL and Lua. */
export function jsonMethods(call: CallJson) {
  const ask = askBy(call)
  return {
    openRun: ask('open_run', 'run', 'options', 'limits'),
    options: ask('options', 'run'),
    setOptions: ask('set_options', 'run', 'options'),
    setLimits: ask('set_limits', 'run', 'limits'),
    setBacklogMark: ask('set_backlog_mark', 'run', 'mark'),
    addElapsed: ask('add_elapsed', 'run', 'ms'),
    progress: ask('progress', 'run'),
    counters: ask('counters', 'run'),
    hosts: ask('hosts', 'run', 'limit'),
    resetLeases: ask('reset_leases'),
    runs: ask('runs'),
    adoptModel: ask('adopt_model', 'run', 'model'),
    setStanding: ask('set_standing', 'run', 'standing', 'note'),
    endRun: ask('end_run'),
    createdMs: ask('created', 'run'),
    markForgotten: ask('mark_forgotten'),
    claimDuty: ask('claim_duty'),
    dropDuty: ask('drop_duty'),
    beat: ask('beat'),
    removeWorker: ask('remove_worker', 'worker'),
    workers: ask('workers'),

    releaseHost: ask('release_host'),
    reportHosts: ask('report_hosts', 'reports'),
    waitingHosts: ask('waiting_hosts', 'run', 'limit', 'restMs'),
    hostCounts: ask('host_counts', 'run', 'withinMs'),
    claimSiteRecord: ask('claim_site_record', 'key', 'claimMs'),
    releaseSiteRecord: ask('release_site_record', 'key'),
    putSiteRecord: ask('put_site_record'),

    openSources: ask('open_sources', 'run', 'sources'),
    sources: ask('sources', 'run'),

    extendLease: ask('extend_lease'),
    releaseLease: ask('release_lease'),

    closeBatches: async (run, shape) => (await call('close_batches', { run, ...shape })) as string[],
    openBatches: ask('open_batches', 'run', 'limit'),

    allotPlan: ask('allot_plan'),
    openPlans: ask('open_plans', 'run'),
    commitPlan: ask('commit_plan'),
    adoptPlan: ask('adopt_plan', 'run', 'plan'),
    liveParts: ask('live_parts', 'run'),

    openPageFiles: async (run, closing) => {
      for (;;) {
        const files = await call('open_page_files', { run, closing })
        if (files !== null) return files as number[]
      }
    },
    commitPageFile: ask('commit_page_file'),
    adoptPageFiles: ask('adopt_page_files', 'run', 'last'),
  } satisfies Partial<Backend>
}
