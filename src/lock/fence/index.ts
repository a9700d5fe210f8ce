export { beat, createFence, isLost, type LockFence, lose, mayGoOn } from './fence.js'
export { isFileError, isMissing, type LockOwner, lockText, successorOf, textIn } from './lock-text.js'
