import { Redis, ReplyError } from 'ioredis'
import type { ServerMonitor } from './server-monitor.js'

export type RedisClient = Redis

/** An outage shorter than this goes unnoticed but for the wait; after it a call fails, and leases have begun to run out. */
const commandTimeoutMs = 60_000
const longestReconnectMs = 1_000

/** Dialled anew, and what was refused sent again. */
const resend = 2
const wrongDatabase = /^ERR (?:DB index is out of range|invalid DB index)/

interface Connecting {
  /** Told of what the server refuses. Where that says that it takes no writes it is dialled anew: another one may answer there now. */
  readonly monitor?: Pick<ServerMonitor, 'met' | 'redialMs'>
  /** False = INFO is forbidden, by which it is seen whether the server has loaded its data. */
  readonly mayAskInfo?: boolean
}

/**
 * Connects for the backend. Calls made while the server is away wait for it and are sent again, and so do calls that a server which
 * takes no writes refused: a script that changes something under a lease does so once, however often it is sent. At maxmemory calls
 * fail: it is the same server. What is true of this connection is true of those that BullMQ makes of it.
 *
 * @throws never; what is wrong shows in the first call.
 */
export function connectRedis(
  url: string,
  onError: (error: Error) => void,
  { monitor, mayAskInfo = true }: Connecting = {},
): RedisClient {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    commandTimeout: commandTimeoutMs,
    enableReadyCheck: mayAskInfo,
    retryStrategy: (times) =>
      Math.max(Math.min(50 * 2 ** Math.min(times, 10), longestReconnectMs), monitor?.redialMs() ?? 0),
    reconnectOnError: (error) => {
      const refusal = monitor?.met(error.message) ?? null
      return refusal === null || refusal === 'full' ? false : resend
    },
  })
  // Each refused call closes it, and listens for its end: as many at once as are under way.
  redis.on('connect', () => redis.stream.setMaxListeners(0))
  redis.on('error', (error) => {
    // ioredis would go on in database 0.
    if (wrongDatabase.test(error.message)) redis.disconnect(true)
    onError(error)
  })
  return redis
}

/** Whether it is the server that answered with it. */
export function isReply(error: unknown): error is Error {
  return error instanceof ReplyError
}
