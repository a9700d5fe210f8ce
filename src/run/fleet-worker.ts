import type { Hub, WorkKind } from '../backend/index.js'
import type { Renderer } from '../crawl/index.js'
import type { Provider } from '../filter/index.js'
import type { Store } from '../shard/index.js'
import { type Working, work } from './engine.js'
import type { Observe } from './observe/events.js'
import { claimOutput, runOwner } from './output-claim.js'
import { type Remembered, remembered } from './remembered.js'
import { type OpenedScoring, openRenderer, openScoring, type ScoringOptions } from './resources.js'
import type { Environment, RunSignals } from './run-types.js'

/** What one process of a fleet does. */
interface FleetWorkOptions {
  /** Visits of each kind at once; a kind that is left out is not answered. Who carries out plans looks after the runs too. */
  readonly places: Partial<Record<WorkKind, number>>
  /** Threads of the model's session. */
  readonly threads: number
  readonly provider: Provider
  /** Images in decoding at once. */
  readonly decodes: number
  /** End when every run has ended. */
  readonly untilDone: boolean
}

interface FleetWorkDeps {
  readonly hub: Hub
  readonly environment: Environment
  readonly openStore: (url: string) => Promise<Store | { readonly message: string }>
  readonly observe: Observe
  readonly now: () => number
  readonly random: () => number
}

const roundMs = 500
/**
 * A part is planned so long after its commit: more than a server with AOF everysec can lose when its power is cut, so that no plan is
 * made of what might not have been.
 */
const settleMs = 4_000

/** Works on every run of a fleet, as one of any number of processes; stores, models and browsers are opened when a run first needs them. */
export function workInFleet(options: FleetWorkOptions, deps: FleetWorkDeps, signals: RunSignals): Working {
  const { hub, environment, observe, now } = deps
  const stores = remembered(deps.openStore, now)
  let scorings: Remembered<OpenedScoring> | null = null
  let browsers: Promise<Renderer | null> | null = null
  const openBrowsers = async (): Promise<Renderer | null> => {
    const trouble = (message: string) => observe({ kind: 'trouble', run: null, key: null, message })
    const opened = await openRenderer(environment.browser, trouble, null)
    if (opened.note !== null) observe({ kind: 'notice', message: opened.note })
    return opened.renderer
  }
  const working = work(
    {
      places: options.places,
      decodes: options.decodes,
      untilDone: options.untilDone,
      roundMs,
      notifyMs: 0,
      settleMs,
    },
    {
      hub,
      openStore: stores.get,
      openScoring: ({ model, precision, threads, threshold, concepts }, lost, signal) => {
        scorings ??= remembered(
          (key) => openScoring(JSON.parse(key) as ScoringOptions, environment, lost, () => {}, signal),
          now,
        )
        const wanted: ScoringOptions = {
          ...{ model, precision, threshold, concepts },
          threads: threads ?? options.threads,
          provider: options.provider,
        }
        return scorings.get(JSON.stringify(wanted))
      },
      renderer: () => {
        browsers ??= openBrowsers()
        return browsers
      },
      claim: (store, run, { backend }, signal) => claimOutput(store, runOwner(run, backend), signal),
      inOrder: [],
      isAlone: false,
      observe,
      now,
      random: deps.random,
    },
    signals,
  )
  const close = async (): Promise<void> => {
    for (const store of stores.opened()) await store.close()
    for (const scoring of scorings?.opened() ?? []) await scoring.close()
    await (await browsers)?.close()
  }
  return { ...working, ended: working.ended.finally(close) }
}
