export { stateText } from '../backend/redis/index.js'
export { connectFleet, type Fleet, parseFleetUrl } from './connect.js'
export { type Order, type Ordered, orderRun } from './control.js'
export type { Observe, WorkEvent } from './events.js'
export {
  type FleetRun,
  type FleetRunDetails,
  type FleetState,
  type FleetWorker,
  readRun,
  readRuns,
  readWorkers,
} from './fleet-status.js'
export { type Forgotten, forgetRun } from './forget.js'
export { type Launch, type Launched, launchRun } from './launch.js'
export { createLog, type LogLevel, logLevels } from './log.js'
export { createMetrics } from './metrics.js'
export { serveVitals } from './observe-server.js'
export { ownedByOther } from './owner.js'
export { checkFleetSources, type ReadSources, type ReadSourcesHooks, readSources } from './read-sources.js'
export { type Vitals, type WorkDeps, type Working, type WorkOptions, work } from './work.js'
