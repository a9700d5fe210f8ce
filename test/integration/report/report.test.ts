import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeReportAnew } from '../../../src/cli/report-anew.js'
import { openTables } from '../../../src/query/index.js'
import { placeProblem, type ReportData, reportDocument, writeReport } from '../../../src/report/index.js'
import { whereOf } from '../../../src/report/page/curate-command.js'
import { folderStore, retractedName, type Store, writeGeneration } from '../../../src/shard/index.js'
import { curateTo, pairsOf, requestOf } from '../../fixtures/curate/curating.js'
import {
  datasetIn,
  mixedPages,
  mixedRows,
  openFolder,
  reportOf,
  shownReport,
} from '../../fixtures/report/datasets.js'
import { atChange, killAt } from '../../fixtures/run/moments.js'
import { pairmill, start } from '../../fixtures/run/pairmill.js'
import { calm, keptRow, rejectedRow, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

describe('a report', { timeout: 120_000 }, () => {
  let folder: Awaited<ReturnType<typeof openFolder>>
  let store: Store
  let report: ReportData

  beforeAll(async () => {
    folder = await openFolder()
    store = await datasetIn(folder.dir, await mixedRows(300), mixedPages, { threshold: 0.2 })
    report = await shownReport(store)
  }, 120_000)
  afterAll(() => folder.remove())

  it('counts every candidate once', () => {
    const { candidates, reasons } = report
    expect(candidates).toMatchObject({ all: 369, kept: 300 })
    expect(candidates.groups.at(-1)?.left).toBe(300)
    expect(reasons.map(({ reason, count }) => [reason, count])).toEqual([
      ['http_4xx', 30],
      ['score_low', 30],
      ['duplicate_near', 9],
    ])
    expect(report.pages).toMatchObject({ decided: 22, read: 20, found: 80 })
  })

  it('shows pictures of what may be shown, and texts of the rest', () => {
    const pictures = (reason: string) =>
      report.reasons
        .find((fact) => fact.reason === reason)
        ?.cards.map((card) => report.cards[card]?.picture !== null)
    expect(pictures('score_low')).toEqual(Array(16).fill(true))
    expect(pictures('http_4xx')).toEqual(Array(12).fill(false))
    expect(pictures('duplicate_near')).toEqual(Array(9).fill(false))
    for (const card of report.kept)
      expect(report.cards[card]).toMatchObject({ reason: null, picture: expect.any(Number) })
  })

  it('counts at each threshold what SQL counts', async () => {
    const tables = await openTables([store], { scratch: await tempFolder() }, calm)
    if ('kind' in tables) throw new Error(tables.message)
    try {
      expect(report.scores.map(({ kind, name }) => name ?? kind)).toEqual(['all', 'en', 'de', 'alt', 'title'])
      for (const group of report.scores) {
        expect(group.notches.length).toBeGreaterThan(20)
        for (const { at, keeps } of group.notches) {
          const asked = `select count(*) as n from pairs where ${whereOf(group, at)}`
          for await (const [row] of tables.rows(asked)) expect(row?.n, asked).toBe(keeps)
        }
      }
    } finally {
      await tables.close()
    }
  })

  it('names the command that keeps just as many', async () => {
    for (const group of report.scores.slice(0, 4)) {
      const notch = group.notches[Math.floor(group.notches.length / 2)]
      if (notch === undefined) throw new Error('no notch')
      const out = await tempFolder()
      const end = await curateTo(out, [store], requestOf({ where: whereOf(group, notch.at) }))
      expect(end.kind).toBe('done')
      expect(await pairsOf(folderStore(out))).toHaveLength(notch.keeps)
    }
  })

  it('shows beside each threshold the nearest pairs on either side', () => {
    const scoreOf = (card: number) => report.cards[card]?.score ?? Number.NaN
    const [all] = report.scores
    for (const { at, above, below } of all?.notches ?? []) {
      expect(above.length).toBeGreaterThan(0)
      expect(Math.min(...above.map(scoreOf))).toBeGreaterThanOrEqual(at / 100)
      if (below.length > 0) expect(Math.max(...below.map(scoreOf))).toBeLessThan(at / 100)
      for (const card of [...above, ...below]) expect(report.cards[card]?.picture).not.toBeNull()
    }
  })

  it('tells hosts, refusals, duplicates and shapes', () => {
    expect(report.hosts.total).toBe(8)
    expect(report.hosts.rows[0]).toMatchObject({ host: 'page.example', pages: 20, kept: 0 })
    expect(report.hosts.rows[1]).toMatchObject({ kept: 43, candidates: 43 })
    expect(report.refusals).toEqual([
      expect.objectContaining({ what: 'page', rule: 'robots:disallow /private', count: 1, hosts: 1 }),
    ])
    expect(report.duplicates).toMatchObject({ groups: 3, rows: 9, sizes: [{ size: 4, groups: 3 }] })
    expect(report.duplicates.largest[0]?.losers[0]?.distance).toEqual(expect.any(Number))
    expect(report.sides).toMatchObject({ count: 300, min: 1200 })
    expect(report.words[0]).toEqual({ name: 'number', count: 300 })
  })

  it('is the same bytes for the same dataset', async () => {
    expect(await reportDocument(await shownReport(store))).toBe(await reportDocument(report))
  })

  it('is a file that replaces an earlier one, and no other', async () => {
    const out = await tempFolder()
    const path = join(out, 'report.html')
    const html = await reportDocument(report)
    expect(await placeProblem(path)).toBeNull()
    expect(await writeReport(path, html)).toBeNull()
    expect(await writeReport(path, html)).toBeNull()
    expect(await readFile(path, 'utf8')).toBe(html)
    await writeFile(path, '<!doctype html>\nmy own page')
    expect(await placeProblem(path)).toEqual({ kind: 'foreign' })
    expect(await writeReport(path, html)).toEqual({ kind: 'foreign' })
    expect(await readFile(path, 'utf8')).toContain('my own page')
    expect(await placeProblem(join(out, 'no/such/folder.html'))).toMatchObject({ kind: 'problem' })
    expect(await writeReport(join(out, 'no/such/folder.html'), html)).toMatchObject({ kind: 'problem' })
  })
})

describe('a report of what was taken back', { timeout: 120_000 }, () => {
  const host = 'host-3.example'

  it('is written anew by retract, without a byte of it', async () => {
    const { dir, remove } = await openFolder()
    try {
      const store = await datasetIn(dir, await mixedRows(60), mixedPages)
      const written = await pairmill(['report', dir])
      expect(written, written.stderr).toMatchObject({ code: 0 })
      expect(await readFile(join(dir, 'report.html'), 'utf8')).toContain(host)
      expect(await pairmill(['verify', dir])).toMatchObject({ code: 0 })

      const dry = await pairmill(['retract', dir, '--host', host, '--reason', 'ticket 1', '--dry-run'])
      expect(dry, dry.stderr).toMatchObject({ code: 0 })
      expect(await readFile(join(dir, 'report.html'), 'utf8')).toContain(host)

      const retracted = await pairmill(['retract', dir, '--host', host, '--reason', 'ticket 1'])
      expect(retracted, retracted.stderr).toMatchObject({ code: 0 })
      expect(retracted.stdout).toContain('report.html is written anew')
      const anew = await readFile(join(dir, 'report.html'), 'utf8')
      expect(anew).not.toContain(host)
      const report = await shownReport(store, dir)
      expect(report.candidates.kept).toBe(51)
      expect(anew).toBe(await reportDocument(report))
      expect(await pairmill(['verify', dir])).toMatchObject({ code: 0 })
    } finally {
      await remove()
    }
  })

  it('shows nothing from before the change on, and is written by the same command behind a kill', async () => {
    const { dir, remove } = await openFolder()
    try {
      const store = await datasetIn(dir, await mixedRows(60), mixedPages)
      const path = join(dir, 'report.html')
      await writeFile(path, await reportDocument(await shownReport(store, dir)))
      const words = ['retract', dir, '--host', host, '--reason', 'ticket 1']
      const before = await readFile(path, 'utf8')
      const read = () => readFileSync(path, 'utf8')
      await killAt(start(words), () => atChange('report.html', [dir], () => read() !== before))
      expect(read()).not.toBe(before)
      expect(read()).not.toContain(host)
      expect(await pairmill(words)).toMatchObject({ code: 0 })
      expect(read()).toBe(await reportDocument(await shownReport(store, dir)))
      expect(read()).not.toContain(host)
    } finally {
      await remove()
    }
  })

  it('that cannot be written is told, and given up with the command', async () => {
    const { dir, remove } = await openFolder()
    try {
      const store = await datasetIn(dir, await mixedRows(20))
      const full: Store = { ...store, putBytes: async () => Promise.reject(new Error('no space left')) }
      const write = (signal: AbortSignal) =>
        writeReportAnew({ place: dir, store: full, onStep: () => {} }, signal)
      expect(await write(calm)).toEqual({ kind: 'not-written', why: 'no space left' })
      await expect(write(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped')
    } finally {
      await remove()
    }
  })

  it('hides what tombstones name before it is taken out', async () => {
    const { dir, remove } = await openFolder()
    try {
      const store = await datasetIn(dir, await mixedRows(60), mixedPages)
      expect(JSON.stringify(await shownReport(store))).toContain(host)
      const tombstones = {
        v: 1,
        ...{ urls: [], images: [], phashes: [], uids: [] },
        hosts: [createHash('sha256').update(host).digest('hex')],
      }
      await store.putBytes(retractedName, Buffer.from(JSON.stringify(tombstones)), { ifAbsent: false }, calm)
      expect(JSON.stringify(await shownReport(store))).not.toContain(host)
    } finally {
      await remove()
    }
  })

  it('is not made while files are being rewritten', async () => {
    const { dir, remove } = await openFolder()
    try {
      const store = await datasetIn(dir, await mixedRows(20))
      const file = { size: 1, sha256: 'ab'.repeat(32) }
      await writeGeneration(
        store,
        {
          ...{ v: 1, generation: 2, at: '2024-05-02T10:00:00.000Z', command: 'retract', reason: 'ticket 2' },
          ...{ added: null, rewritten: [], files: [{ name: '00000.tar', before: file, after: file }] },
        },
        calm,
      )
      expect(await reportOf(store)).toMatchObject({
        kind: 'not-shown',
        message: expect.stringContaining('under way'),
      })
    } finally {
      await remove()
    }
  })
})

describe('a report of a dataset that has little', { timeout: 60_000 }, () => {
  it('counts words of any letters', async () => {
    const { dir, remove } = await openFolder()
    try {
      const captions = ['A red HOUSE', 'the red house of naïve Größe', 'красный дом', 'дом, a house']
      const rows = captions.map((caption, n) => keptRow(n, Buffer.of(n), { caption }))
      expect((await shownReport(await datasetIn(dir, rows))).words).toEqual([
        { name: 'house', count: 3 },
        { name: 'red', count: 2 },
        { name: 'дом', count: 2 },
        ...['größe', 'naïve', 'the', 'красный'].map((name) => ({ name, count: 1 })),
      ])
    } finally {
      await remove()
    }
  })

  it('says that nothing was kept', async () => {
    const { dir, remove } = await openFolder()
    try {
      const report = await shownReport(await datasetIn(dir, [rejectedRow(1), rejectedRow(2)]))
      expect(report).toMatchObject({ candidates: { all: 2, kept: 0 }, scores: [], kept: [], sides: null })
    } finally {
      await remove()
    }
  })
})
