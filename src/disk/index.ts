export { makeFolder } from './make-folder.js'
export { temporaryFolder } from './temporary-folder.js'
