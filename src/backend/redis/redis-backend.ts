import type { Backend } from '../backend.js'
import { batchScripts } from './batch-scripts.js'
import type { RedisClient } from './connection.js'
import { forgetScripts } from './forget-scripts.js'
import { frontierScripts } from './frontier-scripts.js'
import { rootOf } from './keys.js'
import { pageScripts } from './page-scripts.js'
import { planScripts } from './plan-scripts.js'
import { runScripts } from './run-scripts.js'
import { callScripts } from './scripts.js'
import { sourceScripts } from './source-scripts.js'

/**
 * The backend over Redis: one Lua script a method (lua/*.lua, which say what each takes and answers), all state under one prefix.
 * Its times are the server's. What a call carries too much of is cut into several, where nothing can be lost or doubled by it.
 */
export function redisBackend(redis: RedisClient, { prefix }: { readonly prefix: string }): Backend {
  const root = rootOf(prefix)
  const call = callScripts(redis, root)
  return {
    ...runScripts(call),
    ...frontierScripts(call),
    ...sourceScripts(call),
    ...batchScripts(call),
    ...planScripts(call),
    ...pageScripts(call),
    ...forgetScripts(redis, root, call),
  }
}
