import type { Backend } from '../backend.js'
import { jsonMethods } from '../json-methods.js'
import { batchScripts } from './batch-scripts.js'
import type { RedisClient } from './connection.js'
import { clearForgotten } from './forget-scripts.js'
import { frontierScripts } from './frontier-scripts.js'
import { rootOf } from './keys.js'
import { planScripts } from './plan-scripts.js'
import { callJsonOf, callScripts } from './scripts.js'

/** Kept images of a run beyond which bands cost more CPU than chunks, which take more memory (docs/scaling.md). */
const manyImages = 16_000_000

/**
 * The backend over Redis: one Lua script a method (lua/*.lua, which say what each takes and answers), all state under one prefix.
 * Its times are the server's. What a call carries too much of is cut into several, where nothing can be lost or doubled by it.
 */
export function redisBackend(
  redis: RedisClient,
  { prefix, chunksFrom = manyImages }: { readonly prefix: string; readonly chunksFrom?: number },
): Backend {
  const root = rootOf(prefix)
  const call = callScripts(redis, root)
  const callJson = callJsonOf(call)
  return {
    ...jsonMethods(callJson),
    ...frontierScripts(call),
    ...batchScripts(call, callJson, chunksFrom),
    ...planScripts(call),
    clearForgotten: (run, onSlice) => clearForgotten(redis, root, call, run, onSlice),
  }
}
