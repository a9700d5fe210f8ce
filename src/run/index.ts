export { usableCores } from './cores.js'
export { workInFleet } from './fleet-worker.js'
export { lockFolder, statusName } from './folder-lock.js'
export { runPipeline } from './folder-run.js'
export { batchesAtOnce, decodesPerCore } from './folder-work.js'
export { type Forgotten, forgetRun } from './forget.js'
export type { IngestEnd } from './ingest.js'
export { type Launched, launchRun } from './launch.js'
export { databaseDirOf, sourcesProblem } from './output.js'
export { folderOwner, foreignOwner, ownedByOther, runOwner } from './output-claim.js'
export { publishedName, readPublishedStatus } from './published-status.js'
export { checkRunSources, readSources } from './read-sources.js'
export { openNet } from './resources.js'
export { type Order, orderRun } from './run-control.js'
export {
  type FleetRun,
  type FleetRunDetails,
  type FleetWorker,
  readRun,
  readRuns,
  readWorkers,
} from './run-status.js'
export type {
  CrawlWait,
  Environment,
  InputReport,
  ReadStatus,
  RunActivity,
  RunEnd,
  RunPipeline,
  RunSignals,
  RunSnapshot,
  RunState,
} from './run-types.js'
export { schedulerDuty } from './scheduler.js'
export { isNothingRead, type SeedAnswer, type Some } from './seed-report.js'
export { skippedRowsName, skipText } from './skipped-rows.js'
export { readStatus } from './status-file.js'
