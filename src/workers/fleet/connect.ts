import type { Backend } from '../backend/backend.js'
import { checkServer, connectRedis, redisBackend, redisBells } from '../backend/redis/index.js'
import type { Bells } from '../bells.js'
import { messageOf } from '../opening.js'

/** The shared state of a fleet, opened by one process. */
export interface Fleet {
  readonly backend: Backend
  readonly bells: Bells
  /** What is not as it should be on the server, for people. */
  readonly warnings: readonly string[]
  /** Whether the server can be asked just now. */
  connected(): boolean
  /** The connection was lost and is there again: the server may have lost its last moments with it. */
  onReconnect(listener: () => void): void
  close(): Promise<void>
}

export interface FleetUrl {
  /** As ioredis takes it. */
  readonly server: string
  readonly prefix: string
}

const defaultPrefix = 'pairmill'
/** A server that does not answer within this is not there. */
const connectMs = 10_000

/** `redis://[USER:PASSWORD@]HOST[:PORT][/DB][?prefix=NAME]`, or `rediss://` over TLS; null = it is no such URL. Pure. */
export function parseFleetUrl(text: string): FleetUrl | null {
  if (!/^rediss?:\/\/./.test(text) || !URL.canParse(text)) return null
  const url = new URL(text)
  const prefix = url.searchParams.get('prefix') ?? defaultPrefix
  if (!/^[\w.-]{1,40}$/.test(prefix)) return null
  url.search = ''
  return { server: url.href, prefix }
}

/** The URL without its password, for people. Pure. */
export function shownFleetUrl(text: string): string {
  if (!URL.canParse(text)) return text
  const url = new URL(text)
  if (url.password !== '') url.password = '***'
  return url.href
}

/** Opens the fleet behind `--backend`. `message`: why it cannot be, and what to do. */
export async function connectFleet(
  url: string,
  onError: (error: Error) => void,
): Promise<Fleet | { readonly message: string }> {
  const parsed = parseFleetUrl(url)
  if (parsed === null) {
    return { message: `--backend: expected redis://HOST[:PORT][/DB], got '${shownFleetUrl(url)}'` }
  }
  const redis = connectRedis(parsed.server, onError)
  const timer = new AbortController()
  try {
    const late = new Promise<never>((_, reject) => {
      const timeout = setTimeout(() => reject(new Error(`no answer within ${connectMs / 1000} s`)), connectMs)
      timer.signal.addEventListener('abort', () => clearTimeout(timeout), { once: true })
    })
    const { problems, warnings } = await Promise.race([checkServer(redis, parsed), late])
    const [problem] = problems
    if (problem !== undefined) {
      redis.disconnect()
      return { message: `--backend ${shownFleetUrl(url)}: ${problem}` }
    }
    const bells = redisBells(redis, parsed, onError)
    let wasReady = true
    const listeners: (() => void)[] = []
    redis.on('close', () => {
      wasReady = false
    })
    redis.on('ready', () => {
      if (wasReady) return
      wasReady = true
      for (const listener of listeners) listener()
    })
    return {
      backend: redisBackend(redis, parsed),
      bells,
      warnings,
      connected: () => redis.status === 'ready',
      onReconnect: (listener) => void listeners.push(listener),
      close: async () => {
        await bells.close()
        redis.disconnect()
      },
    }
  } catch (error) {
    redis.disconnect()
    return {
      message: `--backend ${shownFleetUrl(url)} cannot be used: ${messageOf(error)}. Is the server running, and may this machine reach it?`,
    }
  } finally {
    timer.abort()
  }
}
