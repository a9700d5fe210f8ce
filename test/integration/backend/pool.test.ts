import { describe, expect, it } from 'vitest'
import type { Database } from '../../../src/backend/pglite/database.js'
import { poolOf } from '../../../src/backend/pglite/pool.js'

function desk() {
  const asked: [string, readonly unknown[]][] = []
  const listened: string[] = []
  const tellers: ((channel: string, payload: string) => void)[] = []
  const database: Database = {
    query: async (text, params = []) => {
      asked.push([text, params])
      return { rows: [{ one: 1 }], rowCount: 1 }
    },
    listen: async (channel) => void listened.push(channel),
    onNotification: (teller) => void tellers.push(teller),
    onLost: () => {},
    close: async () => {},
  }
  const tell = (channel: string, payload: string) => {
    for (const teller of tellers) teller(channel, payload)
  }
  return { pool: poolOf(database), asked, listened, tell }
}

describe('the pool that BullMQ is given', () => {
  it('passes statements on as they are', async () => {
    const { pool, asked } = desk()
    expect(await pool.query('select $1', [7])).toEqual({ rows: [{ one: 1 }], rowCount: 1 })
    const client = await pool.connect()
    await client.query('-- a note\nselect 2')
    client.release()
    expect(asked).toEqual([
      ['select $1', [7]],
      ['-- a note\nselect 2', []],
    ])
  })

  it.each([
    'LISTEN bullmq_jobs',
    'listen "bullmq_jobs";',
    '-- why\n--  and how\n\nLISTEN bullmq_jobs',
    '\n  -- indented\n  LISTEN bullmq_jobs\n',
  ])('hears a LISTEN, whatever comes before it: %j', async (text) => {
    const { pool, asked, listened } = desk()
    expect(await (await pool.connect()).query(text)).toEqual({ rows: [], rowCount: 0 })
    expect([listened, asked]).toEqual([['bullmq_jobs'], []])
  })

  it('listens once to a channel, and tells all who want to know', async () => {
    const { pool, listened, tell } = desk()
    const [one, other] = [await pool.connect(), await pool.connect()]
    await Promise.all([one.query('LISTEN a'), other.query('LISTEN a'), other.query('LISTEN b')])
    expect(listened).toEqual(['a', 'b'])
    const heard: unknown[] = []
    const listener = (message: unknown) => void heard.push(message)
    const second = (message: unknown) => void heard.push(message)
    one.on('notification', listener)
    other.on('notification', second)
    tell('a', 'session')
    expect(heard).toEqual(Array(2).fill({ channel: 'a', payload: 'session' }))
    one.removeListener('notification', listener)
    tell('a', 'session')
    expect(heard).toHaveLength(3)
  })

  it('does not deafen the others when one connection drops its listeners', async () => {
    const { pool, tell } = desk()
    const heard: unknown[] = []
    ;(await pool.connect()).on('notification', (message: unknown) => void heard.push(message))
    ;(await pool.connect()).removeAllListeners('notification')
    pool.removeAllListeners()
    tell('a', 'x')
    expect(heard).toHaveLength(1)
  })
})
