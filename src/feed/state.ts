import { z } from 'zod'
import { messageOf } from '../records/index.js'

const stateSchema = z.object({
  v: z.literal(1),
  seed: z.string(),
  /** From 0. */
  epoch: z.int().nonnegative(),
  /** Shards of the dataset when the epoch began: those that came since are the next one's. */
  shards: z.int().nonnegative(),
  windowShards: z.int().positive(),
  /** Every sample before this place of the epoch was given out. */
  place: z.int().nonnegative(),
})

/**
 * How far a job has come in a dataset, in a hundred bytes of JSON. It holds for any number of ranks and workers, and after samples were taken
 * back.
 */
export type FeedState = Readonly<z.infer<typeof stateSchema>>

/** The state, or why the value is none, for people. Pure. */
export function readState(value: unknown): FeedState | { readonly problem: string } {
  try {
    return stateSchema.parse(typeof value === 'string' ? JSON.parse(value) : value)
  } catch (error) {
    return { problem: `the state is none that this version wrote: ${messageOf(error)}` }
  }
}
