export { makeFolder } from './make-folder.js'
