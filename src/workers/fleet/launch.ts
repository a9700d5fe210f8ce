import type { RunLimits } from '../backend/backend.js'
import { seedOffers } from '../line.js'
import { differencesOf, limitsOf, olderOptions } from '../resume.js'
import type { OptionDifference, RunOptions } from '../run-types.js'
import type { Fleet } from './connect.js'

export interface Launch {
  readonly run: string
  readonly options: RunOptions
  /** Keys of `options` that were given; of a run that exists the others stay as they are. */
  readonly given: ReadonlySet<string>
}

export type Launched =
  | { readonly kind: 'started' | 'added'; readonly seeds: number; readonly hosts: number }
  | {
      readonly kind: 'refused'
      readonly message: string
      /** None where it is the place that cannot be had. */
      readonly differences: readonly OptionDifference[]
    }

/** Starts a run, or adds seeds to it and raises its limits; workers do the rest. */
export async function launchRun(
  { backend, bells }: Pick<Fleet, 'backend' | 'bells'>,
  { run, options, given }: Launch,
): Promise<Launched> {
  const other = (await backend.runs()).find(
    (entry) => entry.run !== run && isSamePlace(optionsOf(entry.options).out, options.out),
  )
  if (other !== undefined) {
    const message = `--out ${options.out}: the run ${other.run} writes to ${optionsOf(other.options).out}, and each run needs a place of its own; choose another --out, or add to that run with --run ${other.run}`
    return { kind: 'refused', message, differences: [] }
  }
  const opened = await backend.openRun(run, { ...options }, limitsOf(options))
  const wanted = opened.created
    ? options
    : joinedOptions(optionsOf(opened.options), opened.limits, options, given)
  if (opened.seeded) {
    const differences = launchDifferences(opened.options, opened.limits, wanted)
    if (differences.length > 0) {
      return {
        kind: 'refused',
        message: `the run ${run} was started with other options: leave them out to add to it, or choose another --run`,
        differences,
      }
    }
  }
  await backend.setOptions(run, { ...wanted })
  await backend.setLimits(run, limitsOf(wanted))
  const hosts = await backend.offer(run, seedOffers(options), true)
  await bells.ring('session', run, hosts)
  return { kind: opened.seeded ? 'added' : 'started', seeds: options.seeds.length, hosts: hosts.length }
}

/** Whether one lies in the other: each sweeps what it does not know under its own. Pure. */
export function isSamePlace(one: string, other: string): boolean {
  const [a = '', b = ''] = [one, other].map((place) => `${place.replace(/\/+$/, '')}/`)
  return a.startsWith(b) || b.startsWith(a)
}

/** What the run shall go on with: what it has, what was given now, and the seeds of both. Pure. */
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
  }
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
