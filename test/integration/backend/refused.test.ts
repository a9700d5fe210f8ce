import { describe, expect, it } from 'vitest'
import { callThrough, sqlBackend } from '../../../src/backend/sql-backend.js'
import { openDesk } from '../../contracts/backend/desk.js'

/** A database whose commits fail with this code. */
async function commitWhere(code: string | undefined) {
  const error = Object.assign(new Error('it cannot'), code === undefined ? {} : { code })
  const database = {
    query: async (text: string) => {
      if (text.includes('commit_session')) throw error
      return { rows: [{ answer: {} }] }
    },
  }
  const desk = await openDesk(sqlBackend(callThrough(database)))
  return desk.commit({ host: 'a.test', token: 't', urls: [], reservedMs: 0, delayMs: 0 })
}

describe('a commit that the database does not take', () => {
  it.each(['53200', '54000', '22P02', '22021'])('is refused for what is in it: %s', async (code) => {
    expect(await commitWhere(code)).toEqual({ kind: 'refused', detail: 'Error: it cannot' })
  })

  it.each(['53100', '53300', '08006', '57P01', '58030', '40P01', '25006', 'P0001', undefined])(
    'is nobody’s fault: %s',
    async (code) => {
      await expect(commitWhere(code)).rejects.toThrow('it cannot')
    },
  )
})
