import childProcess from 'node:child_process'
import dgram from 'node:dgram'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import workerThreads from 'node:worker_threads'

/**
 * Before each file of the unit tests: whatever opens a socket, starts a process or a thread fails there. Such a test belongs into
 * test/integration; what the unit tests need is in their process, so they are quick and know no race.
 */
const refuse = (what: string) =>
  function refused(): never {
    throw new Error(`a unit test ${what}: it belongs into test/integration`)
  }

net.Socket.prototype.connect = refuse('opens a connection')
net.Server.prototype.listen = refuse('listens on a socket')
dgram.Socket.prototype.bind = refuse('opens a socket')
const starts = refuse('starts a process')
Object.assign(childProcess, {
  exec: starts,
  execFile: starts,
  execFileSync: starts,
  execSync: starts,
  fork: starts,
  spawn: starts,
  spawnSync: starts,
})
workerThreads.Worker = refuse('starts a thread') as unknown as typeof workerThreads.Worker
syncBuiltinESMExports()
