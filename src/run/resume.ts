import { isDeepStrictEqual } from 'node:util'
import type { RunLimits } from '../backend/index.js'
import type { RunOptions } from '../workers/index.js'
import type { OptionDifference } from './run-types.js'

/** Options that may differ from one start of a run to the next: they change how, or how much, not what. */
const free = [
  'out',
  'backend',
  'concurrency',
  'threads',
  'provider',
  'maxTimeMs',
  'userAgent',
  'delayMs',
  'imageDelayMs',
  'connectTo',
  'allowPrivate',
] as const
/** May be raised (null = no limit is the highest), not lowered below what was agreed. */
const raisable = ['maxPages', 'maxPairs', 'maxPagesPerHost'] as const
/** What a run has that was begun before there was such an option. */
export const olderOptions: Readonly<Record<string, unknown>> = { render: 'never' }
/** May be added to. */
const lists: ReadonlySet<string> = new Set(['seeds', 'sources'])

/** What is stored with a run: everything that decides its result. */
export function storedOptions(options: RunOptions): Record<string, unknown> {
  const skip = new Set<string>([...free, ...raisable])
  return Object.fromEntries(Object.entries(options).filter(([name]) => !skip.has(name)))
}

export function limitsOf(options: RunOptions): RunLimits {
  return { maxPages: options.maxPages, maxPairs: options.maxPairs, maxPagesPerHost: options.maxPagesPerHost }
}

/** Why a run cannot go on with these options; empty = it can. Pure. */
export function differencesOf(
  stored: Record<string, unknown>,
  limits: RunLimits,
  options: RunOptions,
): OptionDifference[] {
  const differences: OptionDifference[] = []
  for (const [option, is] of Object.entries(storedOptions(options))) {
    const was = option in stored ? stored[option] : olderOptions[option]
    // The backend keeps an object's values, not the order of its keys.
    if (lists.has(option) ? !holdsAll(is, was) : !isDeepStrictEqual(was, JSON.parse(JSON.stringify(is)))) {
      differences.push({ option, was, is })
    }
  }
  for (const option of raisable) {
    const was = limits[option]
    const is = options[option]
    if (is !== null && (was === null || is < was)) differences.push({ option, was, is })
  }
  return differences
}

/** A run from before there were such a list has nothing in it. */
function holdsAll(is: unknown, was: unknown = []): boolean {
  if (!Array.isArray(is) || !Array.isArray(was)) return false
  const given = new Set<unknown>(is)
  return was.every(
    (item) =>
      given.has(item) || (typeof item === 'object' && is.some((other) => isDeepStrictEqual(item, other))),
  )
}
