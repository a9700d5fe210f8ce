import type { Backend, Slot } from '../../backend/index.js'

/** What permission and slots ask of a backend. */
export type HostsBackend = Pick<
  Backend,
  'claimSiteRecord' | 'putSiteRecord' | 'releaseSiteRecord' | 'reserve'
>

/** Hosts as one process knows them that asks a few URLs and ends: nobody else is at work on them, and nothing is kept. */
export function loneHosts(now: () => number): HostsBackend {
  const records = new Map<string, { readonly record: unknown; readonly untilMs: number }>()
  /** What robots.txt of a host asks for. */
  const delays = new Map<string, number>()
  const freeAtMs = new Map<string, number>()
  return {
    claimSiteRecord: async (key) => {
      const known = records.get(key)
      return known === undefined || known.untilMs <= now()
        ? { kind: 'fetch' }
        : { kind: 'known', record: known.record }
    },
    releaseSiteRecord: async () => {},
    putSiteRecord: async ({ key, host, record, ttlMs, crawlDelayMs }) => {
      records.set(key, { record, untilMs: now() + ttlMs })
      delays.set(host, Math.max(delays.get(host) ?? 0, crawlDelayMs))
    },
    reserve: async ({ slots, delayMs, windowMs }) =>
      slots.map(({ host, want }): Slot => {
        const apartMs = Math.max(delayMs, delays.get(host) ?? 0)
        const inMs = Math.max((freeAtMs.get(host) ?? 0) - now(), 0)
        const fitting = apartMs === 0 ? want : Math.floor((windowMs - inMs) / apartMs) + 1
        const granted = inMs > windowMs ? 0 : Math.min(want, fitting)
        freeAtMs.set(host, now() + inMs + granted * apartMs)
        return { host, granted, inMs, delayMs: apartMs, failures: 0 }
      }),
  }
}
