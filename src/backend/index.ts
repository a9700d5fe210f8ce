export type * from './backend.js'
export type { Hub } from './hub.js'
export { openPgliteHub, type PgliteHub } from './pglite/pglite-hub.js'
export { openRedisHub } from './redis/redis-hub.js'
export { type ServerState, serverStateKinds, stateText } from './redis/server-state.js'
export {
  busyFor,
  type Consumer,
  type WorkKind,
  type WorkQueue,
  type WorkResult,
  workKinds,
} from './work-queue.js'
