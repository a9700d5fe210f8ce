import { shownUrl } from '../../records/index.js'
import { inTime } from '../../timing/index.js'
import type { Hub } from '../hub.js'
import { connectRedis, isReply, type RedisClient } from './connection.js'
import { type DialFailure, dial, failureOf, withoutSecretsOf } from './dial.js'
import { redisBackend } from './redis-backend.js'
import { redisQueue } from './redis-queue.js'
import { lookAtServer } from './server-look.js'
import { ServerMonitor } from './server-monitor.js'
import { stateText } from './server-state.js'

interface FleetUrl {
  /** As ioredis takes it. */
  readonly server: string
  readonly prefix: string
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly database: number
}

/** `not_up`: the server may answer later, without that anybody changes anything. */
type ConnectFailure = DialFailure

const defaultPort = 6379
const defaultPrefix = 'pairmill'
/** A server that does not answer within this is not there. */
const connectMs = 10_000
/** A look at the server that takes longer counts as no answer. */
const lookMs = 3_000
/** A connection on which the server has not answered for so long is made anew: it may lead to a machine that is gone. */
const silentMs = 30_000
/** Answers of a server to a user who may not do something. */
const accessPattern = /^(?:NOPERM|NOAUTH|WRONGPASS) /

/** `redis://[USER:PASSWORD@]HOST[:PORT][/DB][?prefix=NAME]`, or `rediss://` over TLS. `problem`: why it is no such URL. Pure. */
function parseFleetUrl(text: string): FleetUrl | { readonly problem: string } {
  const got = `got '${shownUrl(text)}'`
  if (!/^rediss?:\/\/./.test(text) || !URL.canParse(text)) {
    return {
      problem: `--backend: expected redis://HOST[:PORT][/DB], ${got}; Sentinels, clusters and sockets are not spoken to`,
    }
  }
  const url = new URL(text)
  const prefix = url.searchParams.get('prefix') ?? defaultPrefix
  if (!/^[\w.-]{1,40}$/.test(prefix)) {
    return { problem: `--backend: ?prefix= takes 1 to 40 letters, digits, "_", "-" or ".", ${got}` }
  }
  const database = /^\/?(\d{0,9})$/.exec(url.pathname)?.[1]
  if (database === undefined) {
    return { problem: `--backend: the path is the number of a database, as in redis://HOST:PORT/0, ${got}` }
  }
  url.search = ''
  return {
    server: url.href,
    prefix,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? defaultPort : Number(url.port),
    tls: url.protocol === 'rediss:',
    database: Number(database),
  }
}

/** Opens the fleet behind `--backend`. `message`: why it cannot be, and what to do. */
export async function openRedisHub(
  url: string,
  onError: (error: Error) => void,
): Promise<Hub | ConnectFailure> {
  const parsed = parseFleetUrl(url)
  if ('problem' in parsed) return { kind: 'unusable', message: parsed.problem }
  const dialled = await dial(parsed.server, parsed.prefix, parsed, connectMs)
  const refused = (why: string) => `--backend ${shownUrl(url)} cannot be used: ${why}`
  if (dialled.kind !== 'answered') return { ...dialled, message: refused(dialled.message) }
  const [problem] = dialled.problems
  if (problem !== undefined) return { kind: 'unusable', message: refused(problem) }
  return openFleet(url, parsed, dialled, (error) => onError(withoutSecretsOf(url, error)))
}

function openFleet(
  url: string,
  parsed: FleetUrl,
  { warnings, mayAskInfo }: { readonly warnings: readonly string[]; readonly mayAskInfo: boolean },
  onError: (error: Error) => void,
): Hub {
  const { prefix } = parsed
  let answeredAtMs = performance.now()
  const server: ServerMonitor = new ServerMonitor(async () => {
    const looked = await inTime(() => lookAtServer(redis, { prefix, mayAskInfo }), lookMs)
    if (looked !== null) answeredAtMs = performance.now()
    else if (performance.now() - answeredAtMs > silentMs) {
      answeredAtMs = performance.now()
      redis.disconnect(true)
    }
    return looked?.value ?? null
  })
  const redis: RedisClient = connectRedis(parsed.server, onError, { monitor: server, mayAskInfo })
  const queue = redisQueue(redis, { prefix, mayAskInfo, monitor: server }, onError)
  // The first time is no time again.
  let wasReady: boolean | null = null
  const listeners: (() => void)[] = []
  redis.on('close', () => {
    wasReady = wasReady === null ? null : false
  })
  redis.on('ready', () => {
    if (wasReady === false) for (const listener of listeners) listener()
    wasReady = true
  })
  // A notification may be lost: what it is for lies in the backend, and the run's scheduler notifies again.
  const unlessRefused = async (notifying: Promise<void>): Promise<void> => {
    try {
      await notifying
    } catch (error) {
      if (!(error instanceof Error) || server.met(error.message) === null) throw error
    }
  }
  return {
    backend: redisBackend(redis, parsed),
    queue: {
      ...queue,
      notify: (...notification) => unlessRefused(queue.notify(...notification)),
      hint: (...notification) => unlessRefused(queue.hint(...notification)),
    },
    warnings,
    server,
    connected: () => redis.status === 'ready',
    explain: async (error) => {
      if (!isReply(error)) return null
      const refusal = server.met(error.message)
      // Anything else that a script answers with is a bug.
      if (refusal === null && !accessPattern.test(error.message)) return null
      if (refusal === 'full') await server.look()
      const { state } = server
      const why =
        state.kind === refusal ? stateText(state) : failureOf(withoutSecretsOf(url, error), parsed).message
      return `--backend ${shownUrl(url)}: ${why}`
    },
    onReconnect: (listener) => void listeners.push(listener),
    close: async () => {
      await queue.close()
      redis.disconnect()
    },
  }
}
