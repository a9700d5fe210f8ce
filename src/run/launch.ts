import type { Fleet, RunLimits } from '../backend/index.js'
import { type Source, type SourceProblem, sourceName } from '../crawl/index.js'
import { type RunOptions, seedOffers } from '../workers/index.js'
import { differencesOf, limitsOf, olderOptions } from './resume.js'
import type { OptionDifference } from './run-types.js'

export interface Launch {
  readonly run: string
  readonly options: RunOptions
  /** Keys of `options` that were given; of a run that exists the others stay as they are. */
  readonly given: ReadonlySet<string>
  /** Why the sources of `options` cannot be read with what the run will have; null = they can. Absent = there are none. */
  readonly checkSources?: (options: RunOptions, isNew: boolean) => Promise<SourceProblem | null>
}

export type Launched =
  | {
      readonly kind: 'started' | 'added'
      readonly seeds: number
      readonly hosts: number
      /** What the run has now. */
      readonly options: RunOptions
    }
  | {
      readonly kind: 'refused'
      /** `place`: where the dataset should lie; `name`: it is not free yet; else see SourceProblem. */
      readonly problem: 'options' | 'place' | 'name' | SourceProblem['kind']
      readonly message: string
      /** Where the problem is `options`. */
      readonly differences: readonly OptionDifference[]
    }

/** Starts a run, or adds seeds and sources to it and raises its limits; workers do the rest. Sources are read by who names them. */
export async function launchRun(
  { backend, bells }: Pick<Fleet, 'backend' | 'bells'>,
  { run, options, given, checkSources }: Launch,
): Promise<Launched> {
  const runs = await backend.runs()
  const other = runs.find(
    (entry) => entry.run !== run && isSamePlace(optionsOf(entry.options).out, options.out),
  )
  if (other !== undefined) {
    const message = `--out ${options.out}: the run ${other.run} writes to ${optionsOf(other.options).out}, and each run needs a place of its own; choose another --out, or add to that run with --run ${other.run}`
    return { kind: 'refused', problem: 'place', message, differences: [] }
  }
  const known = runs.find((entry) => entry.run === run)
  if (known?.standing === 'forgetting') {
    const message = `the run ${run} is being forgotten, and its name is free when that has ended: pairmill forget ${run}`
    return { kind: 'refused', problem: 'name', message, differences: [] }
  }
  const expected =
    known === undefined ? options : joinedOptions(optionsOf(known.options), known.limits, options, given)
  const problem = (await checkSources?.(expected, known === undefined)) ?? null
  if (problem !== null)
    return { kind: 'refused', problem: problem.kind, message: problem.message, differences: [] }
  const opened = await backend.openRun(run, { ...options }, limitsOf(options))
  const wanted = opened.created
    ? options
    : joinedOptions(optionsOf(opened.options), opened.limits, options, given)
  if (opened.seeded) {
    const differences = launchDifferences(opened.options, opened.limits, wanted)
    if (differences.length > 0) {
      return {
        kind: 'refused',
        problem: 'options',
        message: `the run ${run} was started with other options: leave them out to add to it, or choose another --run`,
        differences,
      }
    }
  }
  await backend.setOptions(run, { ...wanted })
  await backend.setLimits(run, limitsOf(wanted))
  // Before it is seeded: a run without seeds and sources would be over at once.
  if (options.sources.length > 0) await backend.openSources(run, options.sources.map(sourceName))
  const hosts = await backend.offer(run, seedOffers(options), true)
  await bells.ring('session', run, hosts)
  return {
    kind: opened.seeded ? 'added' : 'started',
    seeds: options.seeds.length,
    hosts: hosts.length,
    options: wanted,
  }
}

/** Whether one lies in the other: each sweeps what it does not know under its own. Pure. */
export function isSamePlace(one: string, other: string): boolean {
  const [a = '', b = ''] = [one, other].map((place) => `${place.replace(/\/+$/, '')}/`)
  return a.startsWith(b) || b.startsWith(a)
}

/** What the run shall go on with: what it has, what was given now, and the seeds and sources of both. Pure. */
export function joinedOptions(
  stored: RunOptions,
  limits: RunLimits,
  options: RunOptions,
  given: ReadonlySet<string>,
): RunOptions {
  const chosen = Object.fromEntries(Object.entries(options).filter(([key]) => given.has(key)))
  return {
    ...stored,
    ...limits,
    ...chosen,
    backend: options.backend,
    seeds: [...new Set([...stored.seeds, ...options.seeds])],
    sources: joinedSources(stored.sources ?? [], options.sources),
  }
}

function joinedSources(stored: readonly Source[], given: readonly Source[]): readonly Source[] {
  const names = new Set(stored.map(sourceName))
  return [...stored, ...given.filter((source) => !names.has(sourceName(source)))]
}

/** As of a run in a folder, and where the dataset lies as well: other workers write there already. Pure. */
function launchDifferences(
  stored: Record<string, unknown>,
  limits: RunLimits,
  wanted: RunOptions,
): OptionDifference[] {
  const differences = differencesOf(stored, limits, wanted)
  return stored.out === wanted.out
    ? differences
    : [{ option: 'out', was: stored.out, is: wanted.out }, ...differences]
}

/** The stored options of a run, back as options. What they decide was checked when they were given. */
export function optionsOf(stored: Record<string, unknown>): RunOptions {
  return { ...olderOptions, ...stored } as unknown as RunOptions
}
