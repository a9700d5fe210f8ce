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
export { openPglite } from './pglite/database.js'
export { pgliteBells } from './pglite/pglite-queue.js'
export { connectFleet, type Fleet } from './redis/connect.js'
export { type ServerState, serverStateKinds, stateText } from './redis/server-state.js'
export { callThrough, sqlBackend } from './sql-backend.js'
export { type Answering, type BellKind, type Bells, bellKinds, busyFor, type Visited } from './work-queue.js'
