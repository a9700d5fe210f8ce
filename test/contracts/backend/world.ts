import fc from 'fast-check'

/** A small web, and what its workers do in turn. */
export interface World {
  /** Page n links to pages and shows images, by number. */
  readonly pages: readonly { readonly links: readonly number[]; readonly images: readonly number[] }[]
  readonly acts: readonly Act[]
}

/**
 * `which` picks among what there is. `dies` = the worker stops there: its lease runs out at once, though it may wake and try to commit
 * after all. `pattern` decides URL by URL, or candidate by candidate, what came of it.
 */
export type Act =
  | { readonly kind: 'lease'; readonly host: number; readonly max: number; readonly dies: boolean }
  | { readonly kind: 'take batch' | 'take plan'; readonly which: number; readonly dies: boolean }
  | { readonly kind: 'commit' | 'commit batch'; readonly which: number; readonly pattern: readonly number[] }
  | { readonly kind: 'commit plan'; readonly which: number }
  | { readonly kind: 'close batches'; readonly old: boolean }
  | { readonly kind: 'plan'; readonly take: number }
  | { readonly kind: 'write pages'; readonly closing: boolean; readonly dies: boolean }
  /** The process was killed and comes back. */
  | { readonly kind: 'restart' }

export const pageCount = 14
export const hostCount = 3
const imageCount = 16

const numbers = (max: number, maxLength: number) =>
  fc.uniqueArray(fc.integer({ min: 0, max: max - 1 }), { maxLength })
const which = fc.nat({ max: 20 })
const dies = fc.integer({ min: 0, max: 2 }).map((n) => n === 0)
const pattern = fc.array(fc.nat({ max: 5 }), { minLength: 3, maxLength: 7 })

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('lease' as const),
      host: fc.nat({ max: hostCount - 1 }),
      max: fc.integer({ min: 1, max: 4 }),
      dies,
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('commit' as const), which, pattern }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('take batch' as const), which, dies }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('commit batch' as const), which, pattern }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close batches' as const), old: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('plan' as const), take: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('write pages' as const), closing: fc.boolean(), dies }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('take plan' as const), which, dies }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('commit plan' as const), which }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
)

export const worlds: fc.Arbitrary<World> = fc.record({
  pages: fc.array(fc.record({ links: numbers(pageCount, 4), images: numbers(imageCount, 4) }), {
    minLength: pageCount,
    maxLength: pageCount,
  }),
  acts: fc.array(act, { minLength: 20, maxLength: 70, size: 'max' }),
})
