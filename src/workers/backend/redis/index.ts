export { connectRedis, type RedisClient } from './connection.js'
export { redisBackend } from './redis-backend.js'
export { redisBells } from './redis-bells.js'
export { checkServer } from './server-check.js'
