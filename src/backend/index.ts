import type { openRedisHub as open } from './redis/redis-hub.js'

export type * from './backend.js'
export type { Hub } from './hub.js'
export { type DatabaseThread, startPglite } from './pglite/database.js'
export { openPgliteHub, type PgliteHub } from './pglite/pglite-hub.js'
export type { TakeBackRule, TakenBack } from './pglite/take-back.js'
export { type ServerMemory, type ServerState, serverStateKinds, stateText } from './redis/server-state.js'
export {
  busyFor,
  type Consumer,
  slotKeys,
  type WorkKind,
  type WorkQueue,
  type WorkResult,
  workKinds,
} from './work-queue.js'

/** The hub on Redis is loaded when it is opened: a run in a folder has no use for BullMQ. */
export const openRedisHub: typeof open = async (...call) =>
  (await import('./redis/redis-hub.js')).openRedisHub(...call)
