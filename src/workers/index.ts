export { foundOf, takenOf } from './found.js'
export { maxRedirects } from './hosts/index.js'
export { type InspectTarget, inspectPage } from './inspect/inspect-page.js'
export type { ImageVerdict, InspectedPage, InspectedPicture, Inspection } from './inspect/inspection.js'
export {
  batchShape,
  createPipeline,
  optOutRules,
  type Pipeline,
  type Scoring,
  seedOffers,
  textOptions,
} from './pipeline.js'
export { nothingRejected, openRejects, type Rejects } from './rejects.js'
export { allottedOf, isWindowFull, planParts, type ShardDeps, type ShardSettings } from './shard-worker.js'
export { type Activity, UnderWay, type Wait, type WaitReason } from './under-way.js'
export { type RunSkipReason, runSkipReasons, seedsMoved } from './url-outcome.js'
