import { isDeepStrictEqual } from 'node:util'
import type { Traits } from './option.js'
import { fieldOf, type RunOptions } from './run-options.js'
import { optionKeys, optionOf } from './table.js'

/** An option that differs from the one the run was started with; `option` is a key of `RunOptions`. */
export interface OptionDifference {
  readonly option: string
  readonly was: unknown
  readonly is: unknown
}

/** Limits may be raised (null = no limit is the highest), not lowered below what was agreed. */
type Limits = Pick<RunOptions, 'maxPages' | 'maxPairs' | 'maxPagesPerHost'>

/** What a run has that was begun before there was such an option. */
export const olderOptions: Readonly<Record<string, unknown>> = {
  render: 'never',
  sources: [],
  rules: [],
  reject: [],
  precision: null,
  hostConcurrency: 4,
  embeddings: 'off',
  rejectedPictures: 'off',
}

const changes: ReadonlyMap<string, Traits['change']> = new Map([
  ...optionKeys.map((key) => [fieldOf(key), optionOf(key).change] as const),
  ['sources', 'add'],
])

/** What is stored with a run: everything that decides its result. */
export function storedOptions(options: RunOptions): Record<string, unknown> {
  const isStored = (change: Traits['change']) => change !== 'freely' && change !== 'raise'
  return Object.fromEntries(Object.entries(options).filter(([field]) => isStored(changes.get(field))))
}

export function limitsOf({ maxPages, maxPairs, maxPagesPerHost }: RunOptions): Limits {
  return { maxPages, maxPairs, maxPagesPerHost }
}

/** Why a run cannot go on with these options; empty = it can. Pure. */
export function differencesOf(
  stored: Record<string, unknown>,
  limits: Limits,
  options: RunOptions,
): OptionDifference[] {
  const had: Record<string, unknown> = { ...olderOptions, ...stored, ...limits }
  return Object.entries(options)
    .map(([option, is]: [string, unknown]) => ({ option, was: had[option], is }))
    .filter(({ option, was, is }) => !mayBecome(changes.get(option), was, is))
}

function mayBecome(change: Traits['change'], was: unknown, is: unknown): boolean {
  switch (change) {
    case 'freely':
      return true
    case 'raise':
      return is === null || (was !== null && Number(is) >= Number(was))
    case 'add':
      return holdsAll(is, was)
    case undefined:
      // The backend keeps an object's values, not the order of its keys.
      return isDeepStrictEqual(was, JSON.parse(JSON.stringify(is)))
  }
}

function holdsAll(is: unknown, was: unknown): boolean {
  if (!Array.isArray(is) || !Array.isArray(was)) return false
  const given = new Set<unknown>(is)
  return was.every(
    (item) =>
      given.has(item) || (typeof item === 'object' && is.some((other) => isDeepStrictEqual(item, other))),
  )
}
