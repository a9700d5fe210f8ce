/** What describes a dataset as a whole: its manifest and indices. Writing it means reading every entry, so it takes longer with every shard. */
export interface Description {
  /** After a plan: written anew, unless it was lately, for how long that takes. Then it lags behind the shards. */
  refresh(signal: AbortSignal): Promise<void>
  /** Written anew where this process has left it behind. */
  catchUp(signal: AbortSignal): Promise<void>
  /** Written anew; `complete` = nothing is left to do. */
  finish(complete: boolean, signal: AbortSignal): Promise<void>
}

export interface DescriptionDeps {
  /** Writes it from what is committed. */
  readonly write: (complete: boolean, signal: AbortSignal) => Promise<void>
  /** Milliseconds, from any zero. */
  readonly now: () => number
}

/** So many times as long as the writing took, nothing is written anew: at most a twentieth of the time goes into it, however large the dataset is. */
const restFactor = 19

/** One of a dataset that this process adds to. */
export function createDescription({ write, now }: DescriptionDeps): Description {
  let restUntilMs = Number.NEGATIVE_INFINITY
  let lags = false
  const finish = async (complete: boolean, signal: AbortSignal) => {
    const beganMs = now()
    await write(complete, signal)
    const endedMs = now()
    restUntilMs = endedMs + restFactor * (endedMs - beganMs)
    lags = false
  }
  return {
    refresh: async (signal) => {
      if (now() < restUntilMs) lags = true
      else await finish(false, signal)
    },
    catchUp: async (signal) => {
      if (lags) await finish(false, signal)
    },
    finish,
  }
}
