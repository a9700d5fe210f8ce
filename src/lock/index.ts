export { type LockFence, mayGoOn } from './fence.js'
export {
  type FileLock,
  type HeldLock,
  LockLostError,
  type LockSurroundings,
  type LockWish,
  lockOwner,
  systemSurroundings,
  takeLock,
} from './file-lock.js'
export { type LockOwner, nameOf, ownIdentity } from './owner.js'
