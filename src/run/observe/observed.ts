import type { Backend } from '../../backend/index.js'
import type { Scoring } from '../../workers/index.js'
import type { Observe } from './events.js'

/** The backend, with its commits told: what is counted for a run is counted here too, and only when it is taken up. */
export function observedBackend(backend: Backend, observe: Observe): Backend {
  return {
    ...backend,
    commitSession: async (commit) => {
      const committed = await backend.commitSession(commit)
      const { run, host, counters } = commit
      if (committed.kind === 'committed') observe({ kind: 'counted', run, counters })
      else observe({ kind: 'lease_lost', work: 'session', run, key: host })
      return committed
    },
    commitBatch: async (commit) => {
      const committed = await backend.commitBatch(commit)
      const { run, batch } = commit
      if (committed.kind === 'lost') observe({ kind: 'lease_lost', work: 'batch', run, key: batch })
      if (committed.kind === 'committed') {
        const counters: Record<string, number> = { ...commit.counters, kept: committed.kept }
        for (const { reason } of committed.losers) {
          counters[`rejected:${reason}`] = (counters[`rejected:${reason}`] ?? 0) + 1
        }
        observe({ kind: 'counted', run, counters })
      }
      return committed
    },
    commitPlan: async (commit) => {
      const committed = await backend.commitPlan(commit)
      const { run, plan, counters } = commit
      if (committed.kind === 'committed') observe({ kind: 'counted', run, counters })
      if (committed.kind === 'lost') observe({ kind: 'lease_lost', work: 'plan', run, key: String(plan) })
      return committed
    },
  }
}

/** The scoring, with its times told. */
export function observedScoring<S extends Scoring>(
  scoring: S,
  run: string,
  observe: Observe,
  now: () => number,
): S {
  const { score } = scoring
  if (score === null) return scoring
  return {
    ...scoring,
    score: async (pairs, signal) => {
      const startedAt = now()
      const scored = await score(pairs, signal)
      observe({ kind: 'scored', run, pairs: pairs.length, ms: now() - startedAt })
      return scored
    },
  }
}
