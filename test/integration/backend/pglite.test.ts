import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Database, openPglite } from '../../../src/backend/pglite/database.js'
import { callThrough, sqlBackend } from '../../../src/backend/sql-backend.js'
import { backendConformance } from '../../contracts/backend/conformance.js'
import { newImage, noLimits, openDesk } from '../../contracts/backend/desk.js'
import { recount } from '../../contracts/backend/recount.js'

vi.setConfig({ testTimeout: 120_000 })

/** One database for the file. */
let database: Database
const folder = mkdtempSync(join(tmpdir(), 'pairmill-pglite-'))
beforeAll(async () => {
  database = await openPglite(join(folder, 'db'))
}, 180_000)
afterAll(async () => {
  await database.close()
  rmSync(folder, { recursive: true, force: true })
}, 60_000)

backendConformance('PGlite', async () => ({
  backend: sqlBackend(callThrough(database)),
  close: async () => {},
  dying: (calls) => {
    let made = 0
    return sqlBackend(async (name, argument) => {
      if (made++ >= calls) throw new Error('the process is dead')
      return callThrough(database)(name, argument)
    })
  },
  recount: (run) => recount(database, run),
  traces: () => rowsOfRuns(database),
  ageThrottle: async (host, ms) => {
    await database.query('update pairmill.host set throttle_at_ms = throttle_at_ms - $2 where host = $1', [
      host,
      ms,
    ])
  },
}))

describe('a PGlite folder that is opened again', () => {
  it('has everything that was in it, and goes on', async () => {
    const before = await openDesk(sqlBackend(callThrough(database)), { maxPages: 7 })
    await before.offer(before.urlOf('a', 1), before.urlOf('b', 1))
    await before.session('a')
    const [batch = ''] = await before.bring(before.candidates(3), { batchSize: 3 })
    await before.heldBatch(batch)
    await database.close()

    database = await openPglite(join(folder, 'db'))
    const { run } = before
    const after = sqlBackend(callThrough(database))
    expect(await after.openRun(run, {}, noLimits)).toMatchObject({ created: false, limits: { maxPages: 7 } })
    expect(await after.progress(run)).toMatchObject({ urls: 2, pages: 1, pagesLeased: 1, batchesLeased: 1 })
    await after.resetLeases()
    expect((await after.waitingHosts(run, 10)).toSorted()).toEqual([
      before.hostName('a'),
      before.hostName('b'),
    ])
    expect(await after.openBatches(run, 10)).toEqual([batch])
  })

  it('finds what looks alike among images that were kept when their bands were rows of a table', async () => {
    const desk = await openDesk(sqlBackend(callThrough(database)))
    const [batch = ''] = await desk.bring(desk.candidates(1), { batchSize: 1 })
    const image = newImage()
    await desk.commitBatch(await desk.heldBatch(batch), [image])
    await database.query('create table pairmill.claim_band (run int not null)')
    for (const band of [0, 1, 2, 3]) await database.query(`drop index pairmill.claim_band_${band}`)
    await database.query('delete from pairmill.version')
    await database.close()

    database = await openPglite(join(folder, 'db'))
    const look = { ...newImage(), phash: image.phash }
    const asked = { run: desk.run, images: [look], near: true, distance: 3 }
    expect(await sqlBackend(callThrough(database)).findDuplicates(asked)).toEqual([
      { index: 0, of: image.sha256, near: true },
    ])
    expect(await rowsOfRuns(database)).not.toHaveProperty('claim_band')
  })
})

describe('a PGlite folder', () => {
  it('is begun anew where the process that began it died before it was whole', async () => {
    const dir = join(folder, 'cut-short')
    mkdirSync(join(dir, 'base'), { recursive: true })
    writeFileSync(join(dir, 'PG_VERSION'), '17\n')
    writeFileSync(`${dir}.unfinished`, '')
    const begun = await openPglite(dir)
    expect((await begun.query('select count(*)::int as runs from pairmill.run')).rows).toEqual([{ runs: 0 }])
    expect(existsSync(`${dir}.unfinished`)).toBe(false)
    await begun.close()
  })

  it('that cannot be opened is named with the reason', async () => {
    const dir = join(folder, 'a-file')
    writeFileSync(dir, '')
    await expect(openPglite(join(dir, 'db'))).rejects.toThrow(
      /the database in .*a-file.db could not be opened: EEXIST/,
    )
  })
})

/** Rows of each table that has a run's number. */
async function rowsOfRuns(db: Database): Promise<Record<string, number>> {
  const { rows } = await db.query(
    `select table_name as name from information_schema.columns
      where table_schema = 'pairmill' and (column_name = 'run' or table_name = 'run' and column_name = 'no')`,
  )
  const counts: Record<string, number> = {}
  for (const { name } of rows as { name: string }[]) {
    const counted = await db.query(`select count(*)::int as rows from pairmill.${name}`)
    counts[name] = (counted.rows[0] as { rows: number }).rows
  }
  return counts
}
