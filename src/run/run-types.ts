import type { RenderTally } from '../crawl/index.js'
import type { OptionDifference, RunOptions } from '../options/index.js'
import type { RejectFile, S3Settings } from '../shard/index.js'
import type { Activity } from '../workers/index.js'
import type { SeedAnswer, Some } from './seed-report.js'

/** What a run takes from the surroundings of its process. Not stored: it may differ at every start. */
export interface Environment {
  /** Model hub, without a slash at its end. */
  readonly hubUrl: string
  /** null = anonymous. */
  readonly hubToken: string | null
  /** Absolute folder in which fetched models are kept. */
  readonly cacheDir: string
  /** How S3 stores are reached. */
  readonly s3: S3Settings
  readonly browser: BrowserSettings
  /** Lists that the options name and that this start brings along; absent = none. They are stored where the dataset lies. */
  readonly rejectFiles?: readonly RejectFile[]
}

/** Where a browser is looked for. */
export interface BrowserSettings {
  /** PATH. */
  readonly path: string
  /** Absolute path of the only one that is to be used; null = any that is found. */
  readonly named: string | null
}

/** One of the busiest hosts. */
export interface HostSnapshot {
  readonly host: string
  readonly queued: number
  readonly pages: number
  /** 0 = it may be fetched now. */
  readonly nextFetchInMs: number
  /** What it asks for, or showed to need, between two fetches; 0 = nothing of its own. */
  readonly delayMs: number
  /** Failures in a row. */
  readonly failures: number
  /**
   * `visited`: a session is on it; `crowded`: it waits for others of its domain or address; `resting`: it is left alone after failures; `` = none
   * of these. Absent where an early version wrote it.
   */
  readonly state?: 'visited' | 'crowded' | 'resting' | ''
  /** Pages of it that a browser rendered of late, and those of them that it gave something. Absent where an early version wrote it. */
  readonly rendered?: RenderTally
  readonly robots: string
}

/** Reason for which no page is begun and no source is read, while what was found is judged and written. */
export type CrawlWait =
  /** `backlog` candidates are not judged yet; it goes on at `goesOnAt`. */
  | { readonly for: 'filters'; readonly backlog: number; readonly goesOnAt: number }
  /** The fleet's server is nearly full. */
  | { readonly for: 'server' }

export const runStates = ['starting', 'running', 'draining', 'done', 'stopped', 'failed'] as const
export type RunState = (typeof runStates)[number]

/** The state of a run at one moment; what status.json holds. Plain JSON. */
export interface RunSnapshot {
  readonly v: 1
  readonly run: string
  readonly state: RunState
  /** null = a fleet works on it. */
  readonly pid: number | null
  /** ISO 8601; of this start of the process. */
  readonly startedAt: string
  readonly updatedAt: string
  /** Over all starts of the run. */
  readonly elapsedMs: number
  /**
   * Flat, a label after a colon: `pages`, `page_bytes`, `page_skipped:robots`, `page_opted_out:tdm` (by rule, of `page_skipped:opt_out`),
   * `images_opted_out:meta-robots` (pages read whose images were left alone), `images_seen`, `images_named` (by metadata; both together are `candidates_seen` and each `image_skipped`),
   * `image_skipped:svg`, `candidates_known` (of `candidates_seen`: in the run already), `rows` (of lists), `row_skipped:no_url`, `list_row_joined` (of `rows`: with an image that an earlier one names), `link_skipped:excluded`, `pages_rendered` (of `pages`), `rendered:trial` (why: signed, plain, trial), `renders_paid` (that gave something), `render_candidates` (pairs
   * that they added), `render_failed:crash`, `render_requests`, `render_bytes`, `render_refused:robots` (requests of browsers), `candidates`, `images_fetched`, `image_bytes`, `rejected:score_low`, `kept`, `pairs_written` (of `kept`: in shards), `shards`,
   * `score:0.28` (histogram of scored pairs; bins 0.02 wide, named by their lower edge), `tagged:logo` (scored
   * pairs, kept or not). Absent = 0.
   */
  readonly counters: Readonly<Record<string, number>>
  readonly queues: {
    /** URLs that wait or are being fetched. */
    readonly urls: number
    /** Hosts that have URLs. */
    readonly hosts: number
    /** Candidates in no batch yet. */
    readonly buffered: number
    /** Batches not committed. */
    readonly batches: number
    /** Kept samples in no shard plan yet. */
    readonly unplanned: number
    /** Shard plans not carried out. */
    readonly plans: number
  }
  /** Absent = it does not wait. */
  readonly crawlWaits?: CrawlWait
  /** The busiest, at most 20. */
  readonly hosts: readonly HostSnapshot[]
  /** null = not opened yet. `threshold` null = every score is kept. */
  readonly model: { readonly id: string; readonly isClip: boolean; readonly threshold: number | null } | null
  /** Where the dataset lies. */
  readonly dataset: string
  /** What the run is busy with beside the counters, e.g. fetching a model; null = nothing. */
  readonly note: string | null
}

export const runLimits = ['max-pages', 'max-pairs', 'max-time'] as const
export type RunLimit = (typeof runLimits)[number]

type RunProblem = 'locked' | 'options_differ' | 'bad_out' | 'model' | 'browser' | 'source'

/** What a run says of what it was given, once it has ended. */
export interface InputReport {
  /** Seeds that led to another host; absent = none did. */
  readonly moved?: Some<SeedAnswer>
  /**
   * What was answered, where the run is done and nothing could be read; absent = something was, at this start of the run or an earlier one, or
   * a limit came before. `skipped`: a line for each place of a source.
   */
  readonly unread?: { readonly seeds: Some<SeedAnswer>; readonly skipped: Some<string> }
}

export type RunEnd =
  /** Everything within the limits is done and in shards. */
  | ({ readonly kind: 'done'; readonly snapshot: RunSnapshot } & InputReport)
  /** A limit ended it; what was found is in shards. A higher limit goes on. */
  | ({ readonly kind: 'limit'; readonly limit: RunLimit; readonly snapshot: RunSnapshot } & InputReport)
  /** Drained after a signal; the same command goes on. */
  | { readonly kind: 'interrupted'; readonly snapshot: RunSnapshot }
  /** A signal came before anything was opened. */
  | { readonly kind: 'unbegun' }
  /** Not started. `message` says what to do. */
  | {
      readonly kind: 'refused'
      readonly problem: RunProblem
      readonly message: string
      readonly differences?: readonly OptionDifference[]
    }

/** What goes on in the process of a run, beside its snapshot. */
export interface RunActivity extends Activity {
  /** Part of its lists and archives that was read, 0..1; 1 = there are none, null = not known. */
  readonly readShare: number | null
}

export interface RunHooks {
  /** About once a second, and at every change of state. */
  onSnapshot(snapshot: RunSnapshot): void
  /** When the work begins: `look` tells what goes on at any time from then on. Absent = nobody looks. */
  onWork?(look: () => RunActivity): void
  /** One line for people. */
  onNote(text: string): void
}

/** `drain`: start nothing new, commit what is under way, end. `abort`: drop everything at once. */
export interface RunSignals {
  readonly drain: AbortSignal
  readonly abort: AbortSignal
}

export type RunPipeline = (
  options: RunOptions,
  environment: Environment,
  hooks: RunHooks,
  signals: RunSignals,
) => Promise<RunEnd>

/** `onNote` is told in one line why it takes its time. */
export type ReadStatus = (
  out: string,
  onNote: (text: string) => void,
) => Promise<RunSnapshot | { readonly problem: string }>
