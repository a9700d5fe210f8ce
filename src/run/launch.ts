import type { Hub, RunLimits } from '../backend/index.js'
import { type Source, type SourceProblem, sourceName } from '../crawl/index.js'
import {
  differencesOf,
  joinedLists,
  limitsOf,
  type OptionDifference,
  olderOptions,
  type RunOptions,
} from '../options/index.js'
import { seedOffers } from '../workers/index.js'
import { addedSeeds, holdsSeeds, type StoredSeeds, storedSeeds } from './stored-seeds.js'

interface Launch {
  readonly run: string
  readonly options: RunOptions
  /**
   * Keys of `options` that were given; of a run that exists the others stay as they are. `all`: the options are all that the run shall have, as
   * at the start of a run in a folder, and where its dataset lies may be another place than before.
   */
  readonly given: ReadonlySet<string> | 'all'
  /** Why the sources of `options` cannot be read with what the run will have; null = they can. Absent = there are none. */
  readonly checkSources?: (options: RunOptions, isNew: boolean) => Promise<SourceProblem | null>
  /** Seeds that were taken back from the dataset: the run does not take them, and what is stored of it does not name them. Absent = none were. */
  readonly refusesSeed?: (url: string) => boolean
  /** Hears how many seeds the run has taken so far. */
  readonly onSeeds?: (offered: number) => void
}

/** Seeds in one call of the backend. */
const seedsAtOnce = 10_000

interface LaunchRefused {
  readonly kind: 'refused'
  /** `place`: where the dataset should lie; `name`: it is not free yet; else see SourceProblem. */
  readonly problem: 'options' | 'place' | 'name' | SourceProblem['kind']
  readonly message: string
  /** Where the problem is `options`. */
  readonly differences: readonly OptionDifference[]
}

export interface Started {
  readonly kind: 'started' | 'added'
  readonly seeds: number
  readonly hosts: number
  /** What the run has now. */
  readonly options: RunOptions
}

export type Launched = Started | LaunchRefused

/** Options as they are stored with a run: of many seeds only the first ones. */
type StoredOptions = RunOptions & StoredSeeds

/** A run that may begin, or go on, with these options. Nothing binds it to them yet. */
export interface ReadyRun {
  readonly kind: 'ready'
  readonly launch: Launch
  /** What the run will have. */
  readonly wanted: StoredOptions
  /** It was begun before. */
  readonly seeded: boolean
  readonly wasStopped: boolean
}

/** Starts a run, or adds seeds and sources to it and raises its limits; workers do the rest. Sources are read by who names them. */
export async function launchRun(hub: Pick<Hub, 'backend' | 'queue'>, launch: Launch): Promise<Launched> {
  const ready = await readyRun(hub, launch)
  return ready.kind === 'ready' ? await startRun(hub, ready) : ready
}

/** Whether the run can be started, or gone on with, as it is asked for. A new one is made, and begins nothing. */
export async function readyRun(
  { backend }: Pick<Hub, 'backend'>,
  launch: Launch,
): Promise<ReadyRun | LaunchRefused> {
  const { run, options, given, checkSources } = launch
  const refused = (
    problem: LaunchRefused['problem'],
    message: string,
    differences: readonly OptionDifference[] = [],
  ): LaunchRefused => ({ kind: 'refused', problem, message, differences })
  const runs = await backend.runs()
  const known = runs.find((entry) => entry.run === run)
  const places = await Promise.all(
    runs.map(async (entry) => ({ run: entry.run, out: (await backend.options(entry.run))?.out })),
  )
  const other = places.find(
    ({ run: name, out }) => name !== run && typeof out === 'string' && isSamePlace(out, options.out),
  )
  if (other !== undefined) {
    return refused(
      'place',
      `--out ${options.out}: the run ${other.run} writes to ${other.out}, and each run needs a place of its own; choose another --out, or add to that run with --run ${other.run}`,
    )
  }
  if (known?.standing === 'forgetting') {
    return refused(
      'name',
      `the run ${run} is being forgotten, and its name is free when that has ended: pairmill forget ${run}`,
    )
  }
  const stored = known === undefined ? null : await backend.options(run)
  const expected =
    known === undefined || stored === null
      ? options
      : joinedOptions(optionsOf(stored), known.limits, options, given)
  const problem = (await checkSources?.(expected, known === undefined)) ?? null
  if (problem !== null) return refused(problem.kind, problem.message)
  const named = { ...options, ...storedSeeds(options.seeds) }
  const opened = await backend.openRun(run, { ...withoutRefusedSeeds(named, launch) }, limitsOf(options))
  const joined = joinedOptions(optionsOf(opened.options), opened.limits, options, given)
  const wanted = withoutRefusedSeeds(joined, launch)
  const differences = opened.seeded ? launchDifferences(opened, wanted, launch) : []
  if (differences.length > 0) {
    return refused(
      'options',
      `the run ${run} was started with other options: leave them out to add to it, or choose another --run`,
      differences,
    )
  }
  return {
    kind: 'ready',
    launch,
    wanted,
    seeded: opened.seeded,
    wasStopped: known?.standing === 'stopped',
  }
}

/** Binds the run to its options, and gives it its seeds. */
export async function startRun(
  { backend, queue }: Pick<Hub, 'backend' | 'queue'>,
  { launch: { run, options, given, onSeeds, refusesSeed }, wanted, seeded, wasStopped }: ReadyRun,
): Promise<Started> {
  await backend.setOptions(run, { ...wanted })
  await backend.setLimits(run, limitsOf(wanted))
  // Before it is seeded: a run without seeds and sources would be over at once.
  if (options.sources.length > 0) await backend.openSources(run, options.sources.map(sourceName))
  // Its time was over, and is counted on if it still is.
  if (given === 'all' && wasStopped) await backend.setStanding(run, 'running', null)
  const hosts: string[] = []
  const offers = seedOffers(options).filter(({ url }) => refusesSeed?.(url) !== true)
  for (let first = 0; first === 0 || first < offers.length; first += seedsAtOnce) {
    const last = first + seedsAtOnce >= offers.length
    // The run is seeded when it has all of them: where this is broken off, the same command begins anew, and none is taken twice.
    const woken = await backend.offer(run, offers.slice(first, first + seedsAtOnce), last)
    for (const host of woken) hosts.push(host)
    onSeeds?.(Math.min(first + seedsAtOnce, offers.length))
  }
  await queue.hint('session', run, hosts)
  return {
    kind: seeded ? 'added' : 'started',
    seeds: options.seeds.length,
    hosts: hosts.length,
    options: wanted,
  }
}

/** Only the digest of many seeds still speaks of them: by it a later command is known to give the same ones. Pure. */
function withoutRefusedSeeds(options: StoredOptions, { refusesSeed }: Launch): StoredOptions {
  if (refusesSeed === undefined) return options
  return { ...options, seeds: options.seeds.filter((url) => !refusesSeed(url)) }
}

/** Whether one lies in the other: each sweeps what it does not know under its own. Pure. */
export function isSamePlace(one: string, other: string): boolean {
  const [a = '', b = ''] = [one, other].map((place) => `${place.replace(/\/+$/, '')}/`)
  return a.startsWith(b) || b.startsWith(a)
}

/** What the run shall go on with: what it has, what was given now, and the seeds and sources of both. Pure. */
function joinedOptions(
  stored: StoredOptions,
  limits: RunLimits,
  options: RunOptions,
  given: ReadonlySet<string> | 'all',
): StoredOptions {
  // What a run may never take, no later command brings back.
  const reject = joinedLists(stored.reject, options.reject)
  if (given === 'all') return { ...options, ...storedSeeds(options.seeds), reject }
  const chosen = Object.fromEntries(Object.entries(options).filter(([key]) => given.has(key)))
  return {
    ...stored,
    ...limits,
    ...chosen,
    backend: options.backend,
    ...addedSeeds(stored, options.seeds),
    reject,
    sources: joinedSources(stored.sources ?? [], options.sources),
  }
}

function joinedSources(stored: readonly Source[], given: readonly Source[]): readonly Source[] {
  const names = new Set(stored.map(sourceName))
  return [...stored, ...given.filter((source) => !names.has(sourceName(source)))]
}

/** Why a run cannot have these options. In a fleet it stays where its dataset lies: other workers write there already. Pure. */
function launchDifferences(
  { options, limits }: { readonly options: Record<string, unknown>; readonly limits: RunLimits },
  wanted: StoredOptions,
  { given, options: { seeds } }: Launch,
): OptionDifference[] {
  const stored = optionsOf(options)
  const isHeld = given !== 'all' || holdsSeeds(stored, seeds)
  const others = differencesOf({ ...withoutSeeds(stored) }, limits, withoutSeeds(wanted))
  const differences = isHeld ? others : [{ option: 'seeds', was: stored.seeds, is: wanted.seeds }, ...others]
  return given === 'all' || stored.out === wanted.out
    ? differences
    : [{ option: 'out', was: stored.out, is: wanted.out }, ...differences]
}

function withoutSeeds({ seedCount: _, seedDigest: __, ...options }: StoredOptions): StoredOptions {
  return { ...options, seeds: [] }
}

/** The stored options of a run, back as options. What they decide was checked when they were given. */
export function optionsOf(stored: Record<string, unknown>): StoredOptions {
  return { ...olderOptions, ...stored } as unknown as StoredOptions
}
