import { Redis } from 'ioredis'

export type RedisClient = Redis

/** An outage shorter than this goes unnoticed but for the wait; after it a call fails, and leases have begun to run out. */
const commandTimeoutMs = 60_000
const longestReconnectMs = 1_000

/**
 * Connects for the backend. Calls made while the server is away wait for it and are sent again: a script that changes something
 * under a lease does so once, however often it is sent.
 *
 * @throws never; what is wrong shows in the first call.
 */
export function connectRedis(url: string, onError: (error: Error) => void): RedisClient {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    commandTimeout: commandTimeoutMs,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), longestReconnectMs),
  })
  redis.on('error', onError)
  return redis
}
