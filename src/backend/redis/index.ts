export { connectRedis, type RedisClient } from './connection.js'
export { type DialFailure, dial, failureOf } from './dial.js'
export { redisBackend } from './redis-backend.js'
export { redisQueue } from './redis-queue.js'
export { lookAtServer } from './server-look.js'
export { ServerMonitor } from './server-monitor.js'
export {
  refusalOf,
  type ServerMemory,
  type ServerState,
  serverStateKinds,
  stateText,
} from './server-state.js'
