import type { RunSignals } from '../run/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'

export type StopSignal = 'SIGINT' | 'SIGTERM'

/** Part of a process that is needed to hear signals. */
export interface SignalSource {
  on(signal: StopSignal, heard: () => void): unknown
  off(signal: StopSignal, heard: () => void): unknown
}

interface StopRequests {
  readonly signals: RunSignals
  /** The first signal heard; null = none. */
  first(): StopSignal | null
  /** Gives the signals back to the process. */
  close(): void
}

interface StopDeps {
  readonly source: SignalSource
  readonly say: (text: string) => void
  /** Ends the process at once. */
  readonly exit: (code: ExitCode) => void
}

/** How long a run may take to let go after the second signal. */
const graceMs = 3000

export const exitCodeOf = (signal: StopSignal): ExitCode =>
  signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated

/**
 * First signal: drain. Second: abort, and the process ends `graceMs` later even if something hangs. Third: the
 * process ends now. Nothing is lost by any of them: what was not committed is done again.
 */
export function listenForStop(deps: StopDeps): StopRequests {
  const drain = new AbortController()
  const abort = new AbortController()
  let first: StopSignal | null = null
  let grace: NodeJS.Timeout | undefined
  const heard = (signal: StopSignal) => () => {
    if (first === null) {
      first = signal
      deps.say(
        `${signal}: finishing and committing what is under way. Once more stops at once; both ways the run can go on later.`,
      )
      drain.abort()
    } else if (!abort.signal.aborted) {
      deps.say(`${signal}: stopping at once. What was not committed is done again when the run goes on.`)
      const code = exitCodeOf(first)
      grace = setTimeout(() => deps.exit(code), graceMs)
      abort.abort()
    } else {
      deps.exit(exitCodeOf(first))
    }
  }
  const interrupted = heard('SIGINT')
  const terminated = heard('SIGTERM')
  deps.source.on('SIGINT', interrupted)
  deps.source.on('SIGTERM', terminated)
  return {
    signals: { drain: drain.signal, abort: abort.signal },
    first: () => first,
    close() {
      clearTimeout(grace)
      deps.source.off('SIGINT', interrupted)
      deps.source.off('SIGTERM', terminated)
    },
  }
}
