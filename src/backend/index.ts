export type {
  AllottedPlan,
  Backend,
  BatchCommit,
  BatchLease,
  BatchShape,
  FoundCandidate,
  Held,
  HostLease,
  HostReport,
  HostState,
  LeasedCandidate,
  Offer,
  Progress,
  RunEntry,
  RunLimits,
  RunModel,
  SessionCommit,
  SessionCommitted,
  Slot,
  SourceState,
  UnplannedPart,
  WishedStanding,
  WorkerEntry,
} from './backend.js'
export type { Hub } from './hub.js'
export { openPgliteHub, type PgliteHub } from './pglite/pglite-hub.js'
export { connectFleet } from './redis/connect.js'
export { type ServerState, serverStateKinds, stateText } from './redis/server-state.js'
export { type Answering, type BellKind, type Bells, bellKinds, busyFor, type Visited } from './work-queue.js'
