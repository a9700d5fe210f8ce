import { isReply, type RedisClient } from './connection.js'
import { rootOf } from './keys.js'
import { infoOf, memoryOf, refusalOf, type ServerLook } from './server-state.js'

/**
 * Whether the server takes a write, and what it says of its memory. The write is one that the server refuses whenever it refuses any
 * and that changes nothing: an empty range of a key that never is.
 */
export async function lookAtServer(
  redis: RedisClient,
  { prefix, mayAskInfo }: { readonly prefix: string; readonly mayAskInfo: boolean },
): Promise<ServerLook> {
  const written = redis.setrange(rootOf(prefix), 0, '').then(() => null, refusedBy)
  const told = mayAskInfo ? redis.info('memory').then(infoOf) : null
  const [refusal, info] = await Promise.all([written, told])
  return { refusal, memory: info === null ? null : memoryOf(info) }
}

/** Refusal in an error that the server answered. A user who may not write this key may run the scripts all the same. */
function refusedBy(error: unknown): ServerLook['refusal'] {
  if (isReply(error)) return refusalOf(error.message)
  throw error
}
