import { type Hub, stateText } from '../backend/index.js'
import { isS3Url, withoutSecrets } from '../records/index.js'
import { type ReadStatus, type RunSnapshot, readRun, readRuns, readWorkers } from '../run/index.js'
import { formatDuration } from '../timing/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { jsonText, page, printed } from './figures.js'
import { unknownRun } from './fleet.js'
import { renderFleet, renderFleetRun } from './fleet-status.js'
import { type Output, say } from './output.js'
import { placeOf } from './place.js'
import { crawlWaitLines, hostLines, inputLines, waitingLines } from './status-lines.js'
import { funnelSections } from './summary.js'

export interface StatusCall {
  /** Folder of a run, or name of a run of a fleet; null = all runs of the fleet. */
  readonly target: string | null
  /** null = as the environment has it, unless a folder is meant. */
  readonly backend: string | null
  readonly watch: boolean
  readonly json: boolean
}

interface StatusDeps {
  readonly cwd: string
  readonly isFolder: (path: string) => boolean
  readonly readStatus: ReadStatus
  /** PAIRMILL_BACKEND; null = not set. */
  readonly fleetUrl: string | null
  readonly openRedisHub: (url: string) => Promise<Hub | { readonly message: string }>
  readonly stdout: Output
  readonly stderr: Output
  readonly now: () => number
  /** Waits between two looks; rejects when the user has seen enough. */
  readonly pause: (ms: number) => Promise<void>
}

const watchMs = 2_000
/** Clears a terminal and goes to its upper left corner. */
const clear = '\u001b[2J\u001b[H'

type Look =
  | { readonly value: unknown; readonly text: string }
  | { readonly problem: string; readonly code?: ExitCode }

/** `pairmill status`. */
export async function statusCommand(call: StatusCall, deps: StatusDeps): Promise<ExitCode> {
  const source = await sourceOf(call, deps)
  if ('problem' in source) {
    say(deps.stderr, source.problem)
    return source.code
  }
  try {
    for (;;) {
      const looked = await source.look()
      if ('problem' in looked) {
        say(deps.stderr, looked.problem)
        return looked.code ?? exitCodes.failed
      }
      const text = call.json ? `${jsonText(struckOut(looked.value), call.watch ? 0 : 2)}\n` : looked.text
      deps.stdout.write(call.watch && deps.stdout.isTerminal && !call.json ? clear + text : text)
      if (!call.watch) return exitCodes.ok
      await deps.pause(watchMs)
    }
  } finally {
    await source.close()
  }
}

/** Where the state is read: a folder's file, or the backend of a fleet. */
async function sourceOf(
  { target, backend }: StatusCall,
  deps: StatusDeps,
): Promise<
  | { readonly look: () => Promise<Look>; readonly close: () => Promise<void> }
  | { readonly problem: string; readonly code: ExitCode }
> {
  const folder = target === null ? null : placeOf(target, deps.cwd)
  const url =
    backend ?? (folder !== null && (isS3Url(folder) || deps.isFolder(folder)) ? null : deps.fleetUrl)
  if (url === null) {
    if (folder === null) {
      return {
        problem: 'no run named: give the folder of a run, or --backend redis://HOST:PORT for a fleet',
        code: exitCodes.usage,
      }
    }
    const look = async (): Promise<Look> => {
      const status = await deps.readStatus(folder, (text) => say(deps.stderr, text))
      return 'problem' in status ? status : { value: status, text: renderStatus(status, deps.now()) }
    }
    return { look, close: async () => {} }
  }
  const fleet = await deps.openRedisHub(url)
  if ('message' in fleet) return { problem: fleet.message, code: exitCodes.backend }
  const look = async (): Promise<Look> => {
    try {
      const [looked] = await Promise.all([lookAtFleet(fleet, target, deps.now()), fleet.server.look()])
      const { state } = fleet.server
      // Why nothing moves, where that is so.
      if ('problem' in looked || state.kind === 'ok') return looked
      return { ...looked, text: `${printed(stateText(state))}.\n\n${looked.text}` }
    } catch (error) {
      const why = await fleet.explain(error)
      if (why === null) throw error
      return { problem: why, code: exitCodes.backend }
    }
  }
  return { look, close: () => fleet.close() }
}

async function lookAtFleet(
  { backend }: Pick<Hub, 'backend'>,
  name: string | null,
  now: number,
): Promise<Look> {
  const workers = await readWorkers(backend)
  if (name === null) {
    const runs = await readRuns(backend)
    return { value: { runs, workers }, text: renderFleet(runs, workers, now) }
  }
  const run = await readRun(backend, name)
  if (run === null) {
    const names = (await backend.runs()).map((entry) => entry.run)
    return { problem: unknownRun(name, names) }
  }
  return { value: { ...run, workers }, text: renderFleetRun(run, workers, now) }
}

export function renderStatus(snapshot: RunSnapshot, now: number): string {
  const { dataset, state, pid } = snapshot
  const elapsed = formatDuration(snapshot.elapsedMs)
  const moving = state === 'starting' || state === 'running' || state === 'draining'
  const age = formatDuration(Math.max(0, now - Date.parse(snapshot.updatedAt)))
  const head = moving
    ? `${dataset}: ${state}, ${pid === null ? 'by a fleet' : `process ${pid}`}, ${elapsed} so far; as of ${age} ago.`
    : `${dataset}: ${state} after ${elapsed}, ${age} ago.${state === 'done' ? '' : ' The same command goes on.'}`
  return page([
    [head, ...(snapshot.note === null ? [] : [snapshot.note])],
    inputLines(snapshot, state === 'done'),
    ...funnelSections(snapshot),
    [...waitingLines(snapshot), ...crawlWaitLines(snapshot.crawlWaits, true)],
    hostLines(snapshot),
  ])
}

/** The same without what lets somebody in, in a note perhaps. */
function struckOut(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) =>
    typeof part === 'string' ? withoutSecrets(part) : part,
  )
}
