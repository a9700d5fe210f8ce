import { createHash } from 'node:crypto'
import type { Chosen } from './choose.js'
import { nearGroups } from './nearness.js'
import type { Pool } from './pool.js'
import type { Grouping, Side } from './request.js'

/**
 * Deals samples over the datasets of a split. A group goes whole to one side, by a hash of its name: so a side depends on the group and the shares
 * alone, and a host or picture that stands on one side today stands there in every dataset that is split by the same shares. Pure.
 */
export function dealOut(
  pool: Pool,
  chosen: Chosen,
  sides: readonly Side[],
  groupBy: Grouping | null,
): Chosen[] {
  const nameOf = groupNames(pool, chosen, groupBy)
  const dealt: number[][] = sides.map(() => [])
  for (const i of chosen) dealt[sideOf(nameOf(i), sides)]?.push(i)
  return dealt.map((own) => Uint32Array.from(own))
}

/** The side of a group. Pure. */
export function sideOf(group: string, sides: readonly Side[]): number {
  const drawn = createHash('sha256').update(`split ${group}`).digest().readUIntBE(0, 6) / 2 ** 48
  let until = 0
  for (const [side, { share }] of sides.entries()) {
    until += share
    if (drawn < until) return side
  }
  return sides.length - 1
}

/** `phash`: pictures that a chain of near ones joins are one group; without a hash, and without a grouping, each sample is one. */
function groupNames(pool: Pool, chosen: Chosen, groupBy: Grouping | null): (i: number) => string {
  const { hosts, hostNames, phashes, hasPhash, ids } = pool
  if (groupBy === 'page_host') return (i) => hostNames[hosts[i] ?? 0] ?? ''
  const own = (i: number) => hex(ids, i)
  if (groupBy === null) return own
  const groups = nearGroups(
    phashes,
    chosen.filter((i) => hasPhash[i] === 1),
  )
  return (i) => {
    const group = groups.get(i)
    return group === undefined ? own(i) : hex(phashes, group)
  }
}

function hex(words: Uint32Array, i: number): string {
  const digits = (word: number | undefined) => (word ?? 0).toString(16).padStart(8, '0')
  return digits(words[2 * i]) + digits(words[2 * i + 1])
}
