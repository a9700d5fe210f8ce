import { pino, stdTimeFunctions } from 'pino'
import { withoutSecrets } from '../../records/index.js'
import type { Observe, WorkEvent } from './events.js'

export { withoutSecrets }

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

interface LogOptions {
  readonly level: LogLevel
  /** Takes whole lines of JSON. */
  readonly write: (line: string) => void
  /** Any clock that does not go back; for how long repeated lines are held. */
  readonly now: () => number
}

/** One message at most once in so long; what is held meanwhile is counted. */
const holdMs = 10_000
/** Messages that are remembered; beyond it the oldest is told and forgotten. */
const maxHeld = 1_000

type Failed = Extract<WorkEvent, { kind: 'trouble' | 'problem' }>

interface Held {
  /** The last of those that were not told. */
  event: Failed
  toldAtMs: number
  times: number
}

/**
 * What happens in this process, as JSON lines. Visits are for debugging, ends of runs are told, troubles are warnings, and what keeps this
 * process from its part is an error. A failure that is met again and again is a line every ten seconds, with `repeated` saying how
 * many it stands for. Passwords in URLs and signatures are struck out.
 */
export function createLog({ level, write, now }: LogOptions): Observe {
  const logger = pino(
    { level, timestamp: stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    { write },
  )
  // In the order in which they were last told.
  const held = new Map<string, Held>()

  const tell = (event: Failed, repeated: number): void => {
    const facts = { ...idsOf(event), ...(repeated > 1 ? { repeated } : {}) }
    const message = withoutSecrets(event.message)
    if (event.kind === 'problem') logger.error(facts, message)
    else logger.warn(facts, message)
  }
  const releaseOld = (nowMs: number): void => {
    for (const [key, { event, toldAtMs, times }] of held) {
      const isOld = nowMs - toldAtMs >= holdMs
      if (!isOld && held.size <= maxHeld) return
      held.delete(key)
      if (times === 0) continue
      tell(event, times)
      if (isOld) held.set(key, { event, toldAtMs: nowMs, times: 0 })
    }
  }
  const failed = (event: Failed): void => {
    const key = `${event.kind} ${event.message}`
    const earlier = held.get(key)
    if (earlier !== undefined) {
      earlier.event = event
      earlier.times++
      return
    }
    tell(event, 1)
    held.set(key, { event, toldAtMs: now(), times: 0 })
  }

  return (event) => {
    releaseOld(now())
    switch (event.kind) {
      case 'trouble':
      case 'problem':
        failed(event)
        break
      case 'visited':
        logger.debug({ ...idsOf(event), ms: event.ms, again: event.again }, 'visited')
        break
      case 'scored':
        logger.debug({ ...idsOf(event), pairs: event.pairs, ms: event.ms }, 'scored')
        break
      case 'counted':
        logger.trace({ ...idsOf(event), counters: event.counters }, 'committed')
        break
      case 'lease_lost':
        logger.info(idsOf(event), 'the lease was lost before the commit: nothing was changed')
        break
      case 'notice':
        logger.info(idsOf(event), withoutSecrets(event.message))
        break
      case 'run_ended':
        logger.info({ ...idsOf(event), as: event.as }, 'the run ended')
        break
      case 'swept':
        logger.info({ ...idsOf(event), files: event.files }, 'swept what no commit names')
        break
      case 'server':
        logger[event.state === 'ok' ? 'info' : 'warn'](
          { ...idsOf(event), state: event.state },
          withoutSecrets(event.message),
        )
        break
      case 'refused':
        logger.debug(idsOf(event), withoutSecrets(event.message))
        break
      case 'reconnected':
        logger.info(idsOf(event), 'connected to the backend again')
        break
    }
  }
}

/** What an event belongs to: `kind` and `run`, and the host, batch or plan under its own name. */
function idsOf(event: WorkEvent): Record<string, string> {
  const ids: Record<string, string> = { kind: event.kind }
  if ('run' in event && event.run !== null) ids.run = event.run
  if ('key' in event && event.key !== null) ids['work' in event ? keyNames[event.work] : 'key'] = event.key
  return ids
}

const keyNames = { session: 'host', batch: 'batch', plan: 'plan' } as const
