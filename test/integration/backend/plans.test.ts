import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Database, openPglite } from '../../../src/backend/pglite/database.js'
import { callsPerLook } from '../../../src/backend/pglite/growth.js'
import { callThrough, sqlBackend } from '../../../src/backend/sql-backend.js'
import { newImage, openDesk, roomy } from '../../contracts/backend/desk.js'

const kept = 20_000
let folder: string
let database: Database
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pairmill-plans-'))
  database = await openPglite(join(folder, 'db'))
}, 180_000)
afterEach(async () => {
  await database.close()
  rmSync(folder, { recursive: true, force: true })
}, 60_000)

/** Rows and index entries that the session read of each table so far. */
async function rowsRead(): Promise<Map<string, number>> {
  await database.query('select pg_stat_force_next_flush()')
  const { rows } = await database.query(
    `select t.relname as name, (coalesce(t.seq_tup_read, 0)
        + (select coalesce(sum(i.idx_tup_read), 0) from pg_stat_user_indexes i where i.relid = t.relid))::int as read
      from pg_stat_user_tables t where t.schemaname = 'pairmill'`,
  )
  return new Map((rows as { name: string; read: number }[]).map(({ name, read }) => [name, read]))
}

/** Fills the run's tables as its calls do, without the time that those take. */
async function fill(run: string, first: number, count: number): Promise<void> {
  await database.query(
    `with r as (select no from pairmill.run where name = $1), n as (
      select no, g, 'h' || g || '.test' as host, encode(sha256(g::text::bytea), 'hex') as sha256,
        hashtextextended(g::text, 1) as hash from r, generate_series($2::int, $3::int) g
    ), claims as (insert into pairmill.claim (run, sha256, phash, batch) select no, sha256, hash, 0 from n
    ), seen as (insert into pairmill.seen (run, hash) select no, hash from n
    ), candidates as (insert into pairmill.candidate_seen (run, key) select no, left(sha256, 32)::uuid from n
    ), captions as (insert into pairmill.caption (run, hash, images) select no, hash, 1 from n
    ), hosts as (insert into pairmill.host (host) select host from n
    ), run_hosts as (insert into pairmill.run_host (run, host, urls) select no, host, 1 from n
    ), batches as (insert into pairmill.batch (run, id, state) select no, 1000000 + g, 'planned' from n
    ), waiting as (insert into pairmill.candidate (run, batch, image_host, body) select no, 1000000 + g, host, '{}' from n
    ), rejects as (insert into pairmill.reject_chunk (run, batch, at_ms, body) select no, 1000000 + g, 0, '{}' from n
    ) insert into pairmill.url (run, host, url, depth, anchor, redirects) select no, host, 'http://' || host, 0, '', 0 from n`,
    [run, first, first + count - 1],
  )
}

describe('the plans of an embedded database', { timeout: 240_000 }, () => {
  it('made while it was empty give way to others: what a call reads does not grow with what is kept', async () => {
    const desk = await openDesk(sqlBackend(callThrough(database)))
    const { backend, run } = desk
    /** Takes ten URLs and ten candidates through the line; answers how many rows of which table each of its calls read. */
    const readByEach = async (name: string) => {
      const read: Record<string, number> = {}
      const reading = async <T>(call: string, act: () => Promise<T>): Promise<T> => {
        const before = await rowsRead()
        const answer = await act()
        for (const [table, rows] of await rowsRead())
          read[`${call} ${table}`] = rows - (before.get(table) ?? 0)
        return answer
      }
      const offers = Array.from({ length: 10 }, (_, i) => desk.urlOf(name, i))
      const images = Array.from({ length: 10 }, () => newImage())
      await reading('offer', () => desk.offer(...offers))
      const session = await reading('leaseHost', () => desk.session(name))
      const found = {
        candidates: [...desk.candidates(10), ...desk.rejects(10)],
        offers: [desk.urlOf(`${name}-next`, 1), ...offers],
      }
      const committed = await reading('commitSession', () =>
        desk.commit(session, { ...found, ...roomy, batchSize: 10, batchAgeMs: 0 }),
      )
      if (committed.kind !== 'committed') throw new Error(committed.kind)
      const [ofRejects = '', ofCandidates = ''] = committed.batches
      const rejects = await reading('leaseBatch of rejects', () => desk.heldRejects(ofRejects))
      await reading('commitBatch of rejects', () => desk.commitRejects(rejects))
      const batch = await reading('leaseBatch', () => desk.heldBatch(ofCandidates))
      await reading('captionCounts', () => backend.captionCounts(run, ['a', 'b', 'c']))
      await reading('findDuplicates', () => backend.findDuplicates({ run, images, near: true, distance: 3 }))
      await reading('commitBatch', () => desk.commitBatch(batch, images))
      return read
    }
    // A function's plan is kept from its sixth call on.
    for (let i = 0; i < 7; i++) await readByEach(`early-${i}`)
    for (let first = 0; first < kept; first += 1000) await fill(run, first, 1000)
    for (let i = 0; i < callsPerLook; i++) await database.query('select 1')
    const large = Object.entries(await readByEach('late')).filter(([, rows]) => rows > 500)
    expect(large).toEqual([])
  })

  it('made while it was empty last for few calls, where each writes thousands of rows', async () => {
    const desk = await openDesk(sqlBackend(callThrough(database)))
    await desk.offer(desk.urlOf('list', 0))
    const session = await desk.session('list')
    const found = { candidates: desk.candidates(2_048), ...roomy, batchSize: 256, perHost: 256 }
    const committed = await desk.commit(session, found)
    if (committed.kind !== 'committed') throw new Error(committed.kind)
    const keep = async (batch: string) => {
      await desk.commitBatch(
        await desk.heldBatch(batch),
        Array.from({ length: 256 }, () => newImage()),
      )
    }
    const batches = [...committed.batches]
    const last = batches.pop() ?? ''
    for (const batch of batches) await keep(batch)
    const before = await rowsRead()
    await keep(last)
    const read = [...(await rowsRead())].map(([table, rows]) => [table, rows - (before.get(table) ?? 0)])
    // Each of 256 images walks the rows of one entry of each band, and none walks all that is kept.
    expect(read.filter(([, rows]) => Number(rows) > 20_000)).toEqual([])
  })
})
