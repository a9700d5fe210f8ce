import type { AllottedPlan, Backend, CommittedPart } from '../backend.js'
import { losersOf, loserText } from './batch-scripts.js'
import { countersOf, listOf, rowsOf, textsOf, wholeMs } from './replies.js'
import type { CallScript } from './scripts.js'

function partOf([
  batch = '',
  name = '',
  size,
  sha256 = '',
  rows,
  kept = '',
  losers = '',
]: readonly string[]): CommittedPart {
  return {
    batch,
    name,
    size: Number(size),
    sha256,
    rows: Number(rows),
    kept: kept === '' ? [] : kept.split(',').map(Number),
    losers: losersOf(losers),
  }
}

function planArguments({ plan, firstShard, shards, shardSize, createdAtMs, parts }: AllottedPlan) {
  return [
    plan,
    firstShard,
    shards,
    shardSize,
    createdAtMs,
    parts.length,
    ...parts.flatMap(({ batch, name, size, sha256, rows, kept, losers }) => [
      batch,
      name,
      size,
      sha256,
      rows,
      kept.length,
      kept.join(','),
      loserText(losers),
    ]),
  ]
}

/** Committed batches on their way into shards. */
export function planScripts(
  call: CallScript,
): Pick<
  Backend,
  | 'unplannedParts'
  | 'allotPlan'
  | 'openPlans'
  | 'leasePlan'
  | 'extendPlan'
  | 'releasePlan'
  | 'commitPlan'
  | 'adoptPlan'
  | 'liveParts'
> {
  return {
    unplannedParts: async (run, limit) => {
      const parts = textsOf(await call('unplanned_parts', [run, limit]))
      const nowMs = Number(parts.pop())
      return parts.map((text) => {
        const [batch = '', kept, rows, committedMs] = text.split(' ')
        return { batch, kept: Number(kept), rows: Number(rows), agoMs: nowMs - Number(committedMs) }
      })
    },
    allotPlan: async ({ run, batches, shards, shardSize }) => {
      const plan = await call('allot_plan', [run, shards, shardSize, ...listOf(batches)])
      return plan === null ? null : Number(plan)
    },
    openPlans: async (run) => textsOf(await call('open_plans', [run])).map(Number),
    leasePlan: async ({ run, plan, token, leaseMs }) => {
      const [kind, ...rest] = textsOf(await call('lease_plan', [run, plan, token, wholeMs(leaseMs)]))
      if (kind === 'busy') return { kind, inMs: Number(rest[0]) }
      if (kind !== 'plan') return { kind: 'gone' }
      const [firstShard = 0, shards = 0, shardSize = 0, createdAtMs = 0] = rest.slice(0, 4).map(Number)
      const parts = rowsOf(rest.slice(4), 7).map(partOf)
      return { kind, plan: { plan, firstShard, shards, shardSize, createdAtMs, parts } }
    },
    extendPlan: async ({ run, plan, token, leaseMs }) => {
      const held = await call('extend_plan', [run, plan, token, wholeMs(leaseMs)])
      return { kind: held === 1 ? 'held' : 'lost' }
    },
    releasePlan: async ({ run, plan, token }) => void (await call('release_plan', [run, plan, token])),
    commitPlan: async ({ run, plan, token, counters }) => {
      const committed = await call('commit_plan', [run, plan, token, ...countersOf(counters)])
      return { kind: committed === 1 ? 'committed' : 'lost' }
    },
    adoptPlan: async (run, plan) => (await call('adopt_plan', [run, ...planArguments(plan)])) === 1,
    liveParts: async (run) => textsOf(await call('live_parts', [run])),
  }
}
