import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Database, openPglite } from '../../../src/backend/pglite/database.js'
import { compact, type TakeBackRule, takeBack } from '../../../src/backend/pglite/take-back.js'
import { callThrough, sqlBackend } from '../../../src/backend/sql-backend.js'
import { type Desk, decidedPage, openDesk } from '../../contracts/backend/desk.js'
import { recount } from '../../contracts/backend/recount.js'

const bad = 'bad.example'
const good = 'good.example'
const hostOf = (url: string) => new URL(url).host
const rule: TakeBackRule = {
  takesHost: (host) => host === bad,
  takesUrl: (url) => hostOf(url) === bad,
  names: (text) => text.includes(bad),
}

const folder = mkdtempSync(join(tmpdir(), 'pairmill-take-back-'))
const dir = join(folder, 'db')
let database: Database
beforeAll(async () => {
  database = await openPglite(dir)
}, 120_000)
afterAll(async () => {
  await database.close()
  rmSync(folder, { recursive: true, force: true })
}, 60_000)

/** A run in which URLs, candidates, rejects and pages of both hosts wait, and candidates that name the bad one in passing. */
async function busyRun(run: string): Promise<Desk> {
  const backend = sqlBackend(callThrough(database))
  const desk = await openDesk(backend, {}, run)
  await backend.setOptions(run, { name: run, seeds: [`http://${bad}/`, `http://${good}/`] })
  const urls = [bad, good].flatMap((host) =>
    Array.from({ length: 5 }, (_, i) => ({
      ...{ url: `http://${host}/${run}/${i}`, host, depth: 0, anchor: '', redirects: 0 },
    })),
  )
  await desk.offer(...urls)
  await backend.putSiteRecord({
    ...{ key: `http://${bad}`, host: bad, detail: `robots of ${bad}`, ttlMs: 60_000, crawlDelayMs: 0 },
    record: { kind: 'none', detail: '' },
  } as unknown as Parameters<typeof backend.putSiteRecord>[0])
  const on = (host: string, n: number) => desk.candidate(host, `${run}-${n}.jpg`)
  const passing = desk.candidate(good, `${run}-passing.jpg`, 'another')
  const found = [
    ...[0, 1, 2].map((n) => on(bad, n)),
    ...[3, 4].map((n) => on(good, n)),
    {
      ...passing,
      body: {
        ...passing.body,
        fallbackUrls: [`http://${bad}/${run}.jpg`],
        licenceUrl: `http://${bad}/${run}/licence`,
      },
    },
    ...[0, 1].map((n) => desk.reject(bad, `${run}-small-${n}.jpg`)),
    desk.reject(good, `${run}-small-2.jpg`, 'logo', { licenceUrl: `http://${bad}/licence` }),
  ]
  await desk.offer(desk.urlOf('page', 1), desk.urlOf('page', 2), desk.urlOf('page', 3))
  const session = await desk.session('page')
  const decided = session.urls.map((url, i) =>
    decidedPage(
      url,
      session.host,
      i === 0 ? { outcome: 'redirected', redirectTo: `http://${bad}/there` } : {},
    ),
  )
  if (decided[1] !== undefined) decided[1] = { ...decided[1], detail: `see http://${bad}/why` }
  await desk.commit(session, { candidates: found, decided })
  return desk
}

/** Files of the database, but for its log, that hold the text. */
function filesWith(text: string): string[] {
  return (readdirSync(dir, { recursive: true }) as string[])
    .filter((name) => !name.startsWith('pg_wal') && statSync(join(dir, name)).isFile())
    .filter((name) => readFileSync(join(dir, name)).includes(text))
}

describe('the database of a folder', { timeout: 120_000 }, () => {
  it('loses what is taken back, and every sum stays in step', async () => {
    const desk = await busyRun('run-a')
    const before = await desk.progress()
    const taken = await takeBack(database, rule)
    expect(taken).toEqual({ urls: 5, candidates: 5, pages: 1 })
    const after = await desk.progress()
    expect(after).toMatchObject({
      ...{ urls: before.urls - 5, buffered: before.buffered - 5, pageRows: before.pageRows - 1 },
    })
    expect(after).toMatchObject(await recount(database, 'run-a'))
    expect(await takeBack(database, rule)).toEqual({ urls: 0, candidates: 0, pages: 0 })
  })

  it('loses them out of open batches, too, and a batch of nothing else', async () => {
    const desk = await busyRun('run-b')
    const roomy = { batchSize: 3, batchAgeMs: 0, perHost: 3 }
    await desk.backend.closeBatches('run-b', { ...roomy, dry: true })
    const open = (await desk.progress()).batchesOpen
    await takeBack(database, rule)
    const after = await desk.progress()
    expect(after).toMatchObject(await recount(database, 'run-b'))
    expect(after.batchesOpen).toBeLessThanOrEqual(open)
    for (const batch of await desk.backend.openBatches('run-b', 10)) {
      const given = await desk.takeBatch(batch)
      expect(['batch', 'rejects']).toContain(given.kind)
      expect(JSON.stringify(given)).not.toContain(bad)
      if (given.kind === 'batch') expect(given.candidates).not.toEqual([])
    }
  })

  it('has not a byte of them in its files, its log aside, and what it knows of them by hash lets none in again', async () => {
    const desk = await busyRun('run-c')
    // Statistics hold values of the tables, and those of one that is then empty are not made anew.
    await database.query('analyze')
    await database.query('checkpoint')
    expect(filesWith(bad)).not.toEqual([])
    await takeBack(database, rule)
    await compact(database)
    expect(filesWith(bad)).toEqual([])
    expect(await desk.backend.options('run-c')).toMatchObject({ seeds: [`http://${good}/`] })
    const again = { url: `http://${bad}/run-c/0`, host: bad, depth: 0, anchor: '', redirects: 0 }
    await desk.offer(again)
    expect((await desk.progress()).urls).toBe((await recount(database, 'run-c')).urls)
    expect((await takeBack(database, rule)).urls).toBe(0)
  })
})
