import { numberIn, textIn } from '../ask.js'
import type { LiveHost } from './explore-data.js'
import type { Explored } from './explored.js'

/** Hosts with how many of their candidates were kept, as far as that is committed. */
export async function withYields(
  explored: Explored,
  hosts: readonly Omit<LiveHost, 'kept' | 'candidates'>[],
  signal: AbortSignal,
): Promise<LiveHost[]> {
  const isEmpty = hosts.length === 0 || explored.contents.entries.length === 0
  const rows = isEmpty
    ? []
    : await explored.ask(
        `select coalesce(page_host, image_host) as host, count(*) as candidates, count(*) filter (error_message is null) as kept
          from candidates where list_contains(?, coalesce(page_host, image_host)) group by 1`,
        [hosts.map(({ host }) => host)],
        signal,
      )
  const yields = new Map(
    rows.map((row) => [textIn(row.host), { kept: numberIn(row.kept), candidates: numberIn(row.candidates) }]),
  )
  return hosts.map((host) => ({ ...host, ...(yields.get(host.host) ?? { kept: null, candidates: null }) }))
}
