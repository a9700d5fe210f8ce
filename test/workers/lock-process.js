import { lockFolder } from '../../dist/workers/folder-lock.js'

const lock = lockFolder(process.argv[2], new Date())
process.send(lock.kind)
setInterval(() => {}, 1000)
