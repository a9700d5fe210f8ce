import { ReplyError } from 'ioredis'
import { describe, expect, it } from 'vitest'
import type { Backend } from '../../../../src/backend/backend.js'
import { frontierScripts } from '../../../../src/backend/redis/frontier-scripts.js'
import type { CallScript } from '../../../../src/backend/redis/scripts.js'
import { openDesk } from '../../../contracts/backend/desk.js'

/** A server of which one script answers with an error. */
async function commitWhere(failing: string, error: Error, candidates: number) {
  const called: string[] = []
  const call: CallScript = async (name) => {
    called.push(name)
    if (name === failing) throw error
    return name === 'add_found' ? [1] : ['committed', '', 0]
  }
  const scripts = frontierScripts(call)
  const backend = { ...scripts, openRun: async () => ({}) } as unknown as Backend
  const desk = await openDesk(backend)
  const held = { host: 'a.test', token: 't', urls: [], reservedMs: 0, delayMs: 0 }
  const committed = desk.commit(held, { candidates: desk.candidates(candidates) })
  return { committed, called }
}

describe('what a commit brings ahead of itself', () => {
  it('is refused where its script fails for it, and the commit is not sent', async () => {
    const error = new ReplyError('ERR user_script:12: not enough memory')
    const { committed, called } = await commitWhere('add_found', error, 150)
    expect(await committed).toEqual({ kind: 'refused', detail: expect.stringContaining('not enough memory') })
    expect(called).toEqual(['add_found'])
  })

  it.each([
    "OOM command not allowed when used memory > 'maxmemory'.",
    'ERR Error running script (call to f_1): @user_script:5: -OOM command not allowed when used memory',
    "READONLY You can't write against a read only replica. script: 1, on @user_script:9.",
    'MISCONF Redis is configured to save RDB snapshots, but is currently unable to persist to disk',
    'LOADING Redis is loading the dataset in memory',
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    'NOREPLICAS Not enough good replicas to write.',
    "NOPERM this user has no permissions to run the 'evalsha' command",
  ])('is nobody’s fault where the server says %s', async (message) => {
    const { committed } = await commitWhere('add_found', new ReplyError(message), 150)
    await expect(committed).rejects.toThrow(message)
  })

  it('nor where the connection breaks, or the commit itself fails', async () => {
    const closed = new Error('Connection is closed.')
    await expect((await commitWhere('add_found', closed, 150)).committed).rejects.toBe(closed)
    const failed = new ReplyError('ERR wrong')
    await expect((await commitWhere('commit_session', failed, 1)).committed).rejects.toBe(failed)
  })
})
