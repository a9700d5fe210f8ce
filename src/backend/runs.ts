/** Limits that may be raised on a run that exists; null = none. */
export interface RunLimits {
  readonly maxPages: number | null
  readonly maxPairs: number | null
  readonly maxPagesPerHost: number | null
}

export interface OpenedRun {
  readonly created: boolean
  /** The options with which the run was first opened. */
  readonly options: Record<string, unknown>
  readonly limits: RunLimits
  readonly elapsedMs: number
  readonly seeded: boolean
}

/** Work that is left in a run, read at one moment. */
export interface Progress {
  /** URLs waiting or leased. */
  readonly urls: number
  /** Hosts that have URLs. */
  readonly hosts: number
  readonly pages: number
  readonly pagesLeased: number
  /** Candidates in no batch, rejected ones among them. */
  readonly buffered: number
  readonly batchesOpen: number
  readonly batchesLeased: number
  readonly kept: number
  readonly unplannedKept: number
  readonly unplannedRows: number
  readonly plansOpen: number
  readonly nextShard: number
  readonly elapsedMs: number
  readonly standing: Standing
  /** See `RunEntry`. */
  readonly ended: string | null
  /** How often the run was seeded. */
  readonly seedings: number
  /** Sources that are not read to their end: candidates may still come, whatever the crawl does. */
  readonly sourcesOpen: number
  /** Rows of the page ledger that are in no file of the store yet. */
  readonly pageRows: number
  /**
   * Candidates that wait to be judged, buffered or in an open batch. Those that were put back for a later time do not count, and sixteen that
   * wait for their row alone count as one.
   */
  readonly backlog: number
  readonly backlogMark: number
  /** Whether no page is leased because of the backlog: it was above its mark, and is not down to half of it. */
  readonly crawlWaits: boolean
}

/** State that people want of a run: `paused` and `stopped` runs start no session and no batch, their plans are carried out. `failed`: it cannot go on. */
export type WishedStanding = 'running' | 'paused' | 'stopped' | 'failed'

/** `forgetting`: it is listed, and is no run any more; see `markForgotten`. */
export type Standing = WishedStanding | 'forgetting'

/** A run among others. */
export interface RunEntry {
  readonly run: string
  readonly standing: Standing
  /** Why it failed; null = it did not. */
  readonly note: string | null
  /** Why it ended, when its last shard was written: `done`, a limit, `stopped`; null = there is work to do. */
  readonly ended: string | null
  readonly createdMs: number
  /** Greater with every change of the options. */
  readonly optionsVersion: number
  readonly limits: RunLimits
  /** null = nothing was scored yet. */
  readonly model: RunModel | null
}

/** Model that a run's pairs are scored with. */
export interface RunModel {
  /** null = nothing is scored, by `--model none`. */
  readonly id: string | null
  readonly isClip: boolean
  /** null = every score is kept. */
  readonly threshold: number | null
}

/** A worker that said not long ago that it is alive. */
export interface WorkerEntry {
  readonly worker: string
  /** Its own words about itself. */
  readonly body: Record<string, unknown>
  readonly agoMs: number
}

type Marked =
  | { readonly kind: 'marked' | 'unknown' | 'goes_on' }
  /** The last lease of it runs out in so many ms. */
  | { readonly kind: 'held'; readonly inMs: number }

/** Runs, the duties of which one worker at a time is in charge, and the workers that say that they live. See Backend. */
export interface Runs {
  openRun(run: string, options: Record<string, unknown>, limits: RunLimits): Promise<OpenedRun>
  /** What the run was opened with, or what took its place; null = there is no such run. */
  options(run: string): Promise<Record<string, unknown> | null>
  /** Replaces what is stored. Whether they may differ is the caller's to know. */
  setOptions(run: string, options: Record<string, unknown>): Promise<void>
  setLimits(run: string, limits: RunLimits): Promise<void>
  /** Sets the backlog above which the crawl waits for the filters; below 0 = it waits whatever the backlog. 20,000 until it is set. */
  setBacklogMark(run: string, mark: number): Promise<void>
  addElapsed(run: string, ms: number): Promise<void>
  progress(run: string): Promise<Progress>
  counters(run: string): Promise<Record<string, number>>
  /** For a process that is alone with the state: every lease and duty is free at once, and no worker is known. */
  resetLeases(): Promise<void>
  /** Every run, in the order in which they were opened. */
  runs(): Promise<readonly RunEntry[]>
  /** The first caller decides what the run is scored with; answers what was decided. */
  adoptModel(run: string, model: RunModel): Promise<RunModel>
  /** False = there is no such run. `running` opens one that ended again. `note` says why it failed. */
  setStanding(run: string, standing: WishedStanding, note: string | null): Promise<boolean>
  /** Its last shard is written. False = it was seeded or set going again since `seedings` was read, and goes on. */
  endRun(wish: { run: string; seedings: number; as: string }): Promise<boolean>
  /** When the run was made, by which it is told from an earlier one of its name; null = there is no such run. */
  createdMs(run: string): Promise<number | null>
  /**
   * Makes an ended run none, of which no lease and none of `duties` is held: no method takes its name any more, and nothing of its state is
   * written. Until `clearForgotten` has ended the name cannot be opened anew, and `runs` lists it. Marked already = `marked`.
   */
  markForgotten(wish: { run: string; duties: readonly string[] }): Promise<Marked>
  /**
   * Takes away what is left of the state of a marked run, in slices, each a transaction that holds nobody up: where it was broken off it is
   * called again. What is known of hosts beside it stays. `onSlice` hears how many things went.
   */
  clearForgotten(run: string, onSlice: (removed: number) => void): Promise<void>
  /** Makes the caller the only one with this duty for so long, or goes on with it; false = another has it. */
  claimDuty(wish: { duty: string; token: string; leaseMs: number }): Promise<boolean>
  dropDuty(wish: { duty: string; token: string }): Promise<void>
  /** A worker says that it is alive; it is forgotten after `ttlMs` without another word. */
  beat(wish: { worker: string; body: Record<string, unknown>; ttlMs: number }): Promise<void>
  /** Forgets a worker that ends in order. */
  removeWorker(worker: string): Promise<void>
  workers(): Promise<readonly WorkerEntry[]>
}
