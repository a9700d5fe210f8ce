import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { Develop } from './develop.js'
import type { ApartAnswer, ApartRequest } from './develop-process.js'

/** Longer than any image takes that is decoded at all, with the start of the process. */
const deadlineMs = 60_000

/**
 * Develops a picture in a process of its own, for one that is suspected of ending the processes that decode it: if that process
 * dies, the image is to blame, which the death of a worker never proves. About 0.2 s dearer than in process. `scriptOf` says what
 * the process runs; asked when the first image needs it.
 */
export function createDevelopApart(
  scriptOf = () => createRequire(import.meta.url).resolve('#threads/filter/develop-process.js'),
): Develop {
  return async (bytes, recipe, signal) => {
    signal.throwIfAborted()
    const crashed = (detail: string): ApartAnswer => ({
      reason: 'crashed',
      detail,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    })
    const child = fork(scriptOf(), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
    })
    const over = new AbortController()
    const until = AbortSignal.any([signal, over.signal])
    const timer = setTimeout(() => over.abort(), deadlineMs)
    try {
      const ended = once(child, 'exit', { signal: until }).then(([code, name]) =>
        crashed(`the process that decoded it ended with ${name ?? code}`),
      )
      const answered = once(child, 'message', { signal: until }).then(([answer]) => answer as ApartAnswer)
      // The losing promise of the race ends with `over`.
      ended.catch(() => {})
      answered.catch(() => {})
      child.send({ bytes, recipe } satisfies ApartRequest, () => {
        // A process that is gone before it was asked shows by its exit.
      })
      return await Promise.race([answered, ended])
    } catch (error) {
      signal.throwIfAborted()
      if (over.signal.aborted) return crashed(`not decoded within ${deadlineMs / 1000} s`)
      throw error
    } finally {
      clearTimeout(timer)
      over.abort()
      child.kill('SIGKILL')
    }
  }
}
