import { z } from 'zod'
import { messageOf } from '../records/index.js'

const stateSchema = z
  .object({
    v: z.literal(2),
    seed: z.string(),
    /** From 0. */
    epoch: z.int().nonnegative(),
    /** Turns of the epoch that are over: of all sources together. */
    place: z.int().nonnegative(),
    /** Datasets of the job, told apart by their order. */
    sources: z
      .array(
        z.object({
          /** Shards of the dataset when the epoch began: those that came since are the next one's. */
          shards: z.int().nonnegative(),
          windowShards: z.int().positive(),
          /** Turns of it that are over. */
          place: z.int().nonnegative(),
        }),
      )
      .min(1)
      .readonly(),
  })
  .refine(({ place, sources }) => sources.reduce((sum, source) => sum + source.place, 0) === place, {
    message: 'its places do not add up',
  })

/**
 * How far a job has come in its datasets, in a hundred bytes of JSON. It holds for any number of ranks and workers, and after samples were taken
 * back.
 */
export type FeedState = Readonly<z.infer<typeof stateSchema>>

/** The state, or why the value is none, for people. Pure. */
export function readState(value: unknown): FeedState | { readonly problem: string } {
  try {
    const json: unknown = typeof value === 'string' ? JSON.parse(value) : value
    if (typeof json === 'object' && json !== null && 'v' in json && json.v === 1)
      return { problem: 'the state has v: 1, which only an earlier version reads: begin its epoch anew' }
    return stateSchema.parse(json)
  } catch (error) {
    return { problem: `the state is none that this version wrote: ${messageOf(error)}` }
  }
}

/** Why a state is none of these datasets', which have so many shards each, for people; null = it may be. Pure. */
export function stateProblem(
  { place, sources }: FeedState,
  datasets: readonly { readonly url: string; readonly shards: number }[],
): string | null {
  if (sources.length !== datasets.length)
    return `the state is that of a job with another number of datasets (${sources.length}, not ${datasets.length}): give those of the job, in their order`
  if (place === 0) return null
  for (const [i, { url, shards }] of datasets.entries()) {
    const had = sources[i]?.shards ?? 0
    if (had > shards)
      return `the state knows ${had} shards of dataset ${i}, and ${url} has ${shards}: give the datasets of the job, in their order`
  }
  return null
}
