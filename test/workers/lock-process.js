import { systemSurroundings } from '../../dist/lock/index.js'
import { lockFolder } from '../../dist/workers/folder-lock.js'

// Takes the lock of a folder and keeps it until it is killed; says on a line what became of it.
const [folder, times] = process.argv.slice(2)
const say = (said) => process.stdout.write(`${JSON.stringify(said)}\n`)
const lock = await lockFolder(folder, () => {}, new AbortController().signal, {
  ...systemSurroundings,
  ...JSON.parse(times),
})
say({ kind: lock.kind, pid: process.pid, message: lock.message })
if (lock.kind === 'held') lock.onLost((error) => say({ kind: 'lost', message: error.message }))
setInterval(() => {}, 1000)
