import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'

/** Where the kernel shows the control groups. */
interface ControlGroups {
  /** Which groups this process is in: `/proc/self/cgroup`. */
  readonly membership: string
  /** Where they are mounted: `/sys/fs/cgroup`. */
  readonly mount: string
}

const kernelGroups: ControlGroups = { membership: '/proc/self/cgroup', mount: '/sys/fs/cgroup' }

/**
 * How many threads may run at once here: no more cores than the process may be scheduled on, nor than the CPU time that its control
 * groups, a container's for one, let it have. `availableParallelism` of Node 20 knows the first alone.
 */
export function usableCores(groups: ControlGroups = kernelGroups): number {
  return coresOf(availableParallelism(), readQuotas(groups))
}

/**
 * `quotas`: cores' worth of time that each control group allows. A part of a core does not count: a thread for it would be stopped in
 * every period, and those that wait for it with it. Pure.
 */
export function coresOf(scheduled: number, quotas: readonly number[]): number {
  return Math.max(1, Math.floor(Math.min(scheduled, ...quotas)))
}

/** Cores' worth of time, for each control group from this process's own up to the root that sets a limit. */
export function readQuotas({ membership, mount }: ControlGroups): readonly number[] {
  const groups = (read(membership) ?? '').split('\n').map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line))
  return groups.flatMap((group) => {
    const [, controllers = '', path = '/'] = group ?? []
    if (group === null) return []
    // Version 2 has one hierarchy, without names of controllers; beside version 1 it is mounted a level below.
    if (controllers === '') {
      return [mount, join(mount, 'unified')].flatMap((root) => quotasUp(root, path, quotaV2))
    }
    if (!controllers.split(',').includes('cpu')) return []
    return [controllers, 'cpu'].flatMap((name) => quotasUp(join(mount, name), path, quotaV1))
  })
}

/** A container may see its groups' paths as the machine does, and mounted elsewhere: what is not there has no limit, and the root is asked. */
function quotasUp(root: string, path: string, quotaOf: (folder: string) => number | null): number[] {
  const quotas: number[] = []
  for (let at = path; ; at = dirname(at)) {
    const quota = quotaOf(join(root, at))
    if (quota !== null) quotas.push(quota)
    if (at === '/') return quotas
  }
}

/** `cpu.max`: quota and period in microseconds, or `max` for no quota. */
function quotaV2(folder: string): number | null {
  const [quota = '', period = ''] = (read(join(folder, 'cpu.max')) ?? '').trim().split(/\s+/)
  return ratio(quota, period)
}

/** A quota of -1 is none. */
function quotaV1(folder: string): number | null {
  return ratio(read(join(folder, 'cpu.cfs_quota_us')) ?? '', read(join(folder, 'cpu.cfs_period_us')) ?? '')
}

function ratio(quota: string, period: string): number | null {
  const cores = Number(quota) / Number(period)
  return Number.isFinite(cores) && cores > 0 ? cores : null
}

/** null = it is not there, or not for us to read: then it sets no limit that we could keep. */
function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
