export type { Observe } from './events.js'
export { createLog, type LogLevel } from './log.js'
export { createMetrics } from './metrics.js'
export { serveVitals } from './observe-server.js'
