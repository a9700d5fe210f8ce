export type { LockFence, LockOwner } from './fence/index.js'
export {
  type FileLock,
  type HeldLock,
  LockLostError,
  type LockSurroundings,
  lockOwner,
  systemSurroundings,
  takeLock,
} from './file-lock.js'
export { nameOf, ownIdentity } from './owner.js'
