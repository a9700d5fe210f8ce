export { makeFolder } from './make-folder.js'
export { type TemporaryFolder, type TemporaryKind, temporaryFolder } from './temporary-folder.js'
