export type { ServeCounts, ServeDeps } from './desk.js'
export { Positions } from './positions.js'
export type { ServedSource } from './served.js'
export { type FeedServer, startFeedServer } from './server.js'
