import { describe, expect, it } from 'vitest'
import { rowsPerPageFile } from '../../../src/backend/page-files.js'
import type { PageRow } from '../../../src/records/index.js'
import type { OpenDesk } from './conformance.js'
import { decidedPage, eventually, newToken } from './desk.js'

const leaseMs = 600_000

export function pageRules(open: OpenDesk): void {
  const openLedger = async (limits?: Parameters<OpenDesk>[0]) => {
    const desk = await open(limits)
    const { backend, run } = desk
    const lease = (file: number, over: { token?: string; leaseMs?: number; settleMs?: number } = {}) =>
      backend.leasePageFile({ run, file, token: newToken(), leaseMs, settleMs: 0, ...over })
    /** What a file holds; it must be there to be had. */
    const rowsOf = async (file: number, token = newToken()): Promise<readonly PageRow[]> => {
      const leased = await lease(file, { token })
      if (leased.kind !== 'rows') throw new Error(`file ${file} gave ${JSON.stringify(leased)}`)
      return leased.rows
    }
    /** Writes every file that is to be written, and answers what was in them, in order. */
    const writeAll = async () => {
      const rows: PageRow[] = []
      for (const file of await backend.openPageFiles(run, true)) {
        const token = newToken()
        rows.push(...(await rowsOf(file, token)))
        expect(await backend.commitPageFile({ run, file, token })).toBe('committed')
      }
      return rows
    }
    /** A session on so many pages of a host, each decided about. */
    const decide = async (label: string, count: number) => {
      await desk.offer(...Array.from({ length: count }, (_, i) => desk.urlOf(label, i)))
      const session = await desk.session(label, { max: count })
      await desk.commit(session, { decided: session.urls.map((url) => decidedPage(url, session.host)) })
      return session.urls.map(({ url }) => url)
    }
    return { ...desk, leaseFile: lease, rowsOf, writeAll, decide }
  }
  const permission = {
    rule: 'robots:disallow /x',
    value: 'Disallow: /x',
    source: 'robots.txt',
    checkedAt: '2026-01-02T03:04:05.678Z',
  }

  describe('the page ledger', () => {
    it('gives back what a commit said of each page, with the time of the commit', async () => {
      const desk = await openLedger()
      await desk.offer(desk.urlOf('a', 'x'), desk.urlOf('a', 'y?q=ü "'))
      const session = await desk.session('a')
      const [first, second] = session.urls
      const decided = [
        decidedPage(first!, session.host, {
          outcome: 'refused',
          reason: 'robots',
          httpStatus: null,
          candidates: null,
          tries: 0,
          permission,
        }),
        decidedPage(second!, session.host, {
          outcome: 'redirected',
          httpStatus: 301,
          redirectTo: 'https://other.test/',
          detail: 'a \\ and a "quote"\n',
          depth: 3,
          tries: 2,
          permission,
          imagesRefusal: { ...permission, rule: 'meta-robots', value: null },
        }),
      ]
      const before = Date.now()
      await desk.commit(session, { decided })
      expect(await desk.progress()).toMatchObject({ pageRows: 2 })
      const rows = await desk.writeAll()
      expect(rows).toEqual(decided.map((row) => ({ ...row, decidedAt: expect.any(String) })))
      for (const { decidedAt } of rows) {
        expect(Math.abs(Date.parse(decidedAt) - before)).toBeLessThan(60_000)
      }
      expect(await desk.progress()).toMatchObject({ pageRows: 0 })
    })

    it('has the rows of a partial commit, and none of a session that lost its lease', async () => {
      const desk = await openLedger()
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('a', 2), desk.urlOf('b', 1))
      const session = await desk.session('a')
      const rows = session.urls.map((url) => decidedPage(url, session.host))
      const [first, second] = session.urls.map(({ id }) => id)
      await desk.commit(session, { done: [first!], decided: rows.slice(0, 1), partial: true })
      await desk.commit(session, { done: [second!], decided: rows.slice(1) })
      await desk.session('b', { leaseMs: 1, token: 'dead' })
      const next = await eventually(
        () => desk.lease('b'),
        ({ kind }) => kind === 'urls',
      )
      if (next.kind !== 'urls') throw new Error(next.kind)
      const dead = { ...session, host: desk.hostName('b'), token: 'dead', urls: next.urls }
      expect(await desk.commit(dead, { decided: rows })).toEqual({ kind: 'lost' })
      expect((await desk.writeAll()).map(({ url }) => url)).toEqual(session.urls.map(({ url }) => url))
    })

    it('closes a file when it is full, with a number after the last, and the rest when nothing more comes', async () => {
      const desk = await openLedger()
      const { backend, run } = desk
      const perCommit = 200
      const urls: string[] = []
      for (let i = 0; i < rowsPerPageFile / perCommit; i++) {
        expect(await backend.openPageFiles(run, false)).toEqual([])
        urls.push(...(await desk.decide(`h${i}`, perCommit)))
      }
      const more = await desk.decide('last', 3)
      expect(await backend.openPageFiles(run, false)).toEqual([0])
      expect(await desk.progress()).toMatchObject({ pageRows: rowsPerPageFile + 3 })
      expect(await backend.openPageFiles(run, true)).toEqual([0, 1])
      expect(await backend.openPageFiles(run, true)).toEqual([0, 1])
      expect((await desk.rowsOf(0)).map(({ url }) => url)).toEqual(urls)
      expect((await desk.rowsOf(1)).map(({ url }) => url)).toEqual(more)
      expect(await backend.openPageFiles(run, true)).toEqual([])
    })

    it('closes no empty file', async () => {
      const desk = await openLedger()
      expect(await desk.backend.openPageFiles(desk.run, true)).toEqual([])
      await desk.decide('a', 1)
      expect(await desk.backend.openPageFiles(desk.run, true)).toEqual([0])
      expect(await desk.leaseFile(1)).toEqual({ kind: 'gone' })
    })

    it('lends a file to one, who can be lost, and gives the same rows to the next', async () => {
      const { backend, run, ...desk } = await openLedger()
      const urls = await desk.decide('a', 3)
      await backend.openPageFiles(run, true)
      await desk.leaseFile(0, { token: 'dead', leaseMs: 1 })
      // What comes meanwhile goes into the next one.
      await desk.decide('b', 2)
      const next = await eventually(
        () => desk.leaseFile(0, { token: 'next' }),
        ({ kind }) => kind === 'rows',
      )
      expect(next).toMatchObject({ kind: 'rows', closedAtMs: expect.any(Number) })
      expect(next.kind === 'rows' && next.rows.map(({ url }) => url)).toEqual(urls)
      expect(await desk.leaseFile(0)).toMatchObject({ kind: 'busy' })
      expect(await backend.commitPageFile({ run, file: 0, token: 'dead' })).toBe('lost')
      await backend.releaseLease({ run, kind: 'page_file', id: 0, token: 'dead', failed: false })
      expect(await desk.leaseFile(0)).toMatchObject({ kind: 'busy' })
      await backend.releaseLease({ run, kind: 'page_file', id: 0, token: 'next', failed: false })
      expect(await desk.rowsOf(0, 'again')).toHaveLength(3)
      expect(await backend.commitPageFile({ run, file: 0, token: 'again' })).toBe('committed')
      expect(await desk.leaseFile(0)).toEqual({ kind: 'gone' })
      expect(await desk.progress()).toMatchObject({ pageRows: 2 })
    })

    it('lends no file before it has settled', async () => {
      const desk = await openLedger()
      await desk.decide('a', 1)
      await desk.backend.openPageFiles(desk.run, true)
      const early = await desk.leaseFile(0, { settleMs: 600_000 })
      expect(early).toMatchObject({ kind: 'busy' })
      expect(early.kind === 'busy' && early.inMs).toBeGreaterThan(500_000)
      expect(await desk.rowsOf(0)).toHaveLength(1)
    })

    it('has a row of every URL that is dropped with its host, also of those that were to be tried again', async () => {
      const desk = await openLedger()
      const count = 450
      await desk.offer(...Array.from({ length: count }, (_, i) => desk.urlOf('a', i, i % 3)))
      const session = await desk.session('a', { max: 5 })
      const [first, second, ...rest] = session.urls
      await desk.commit(session, {
        done: [first!.id],
        decided: [decidedPage(first!, session.host)],
        retry: [{ id: second!.id, delayMs: 60_000 }],
        back: rest.map(({ id }) => id),
        health: 'bad',
        maxFailures: 1,
        unreachable: { ...permission, rule: 'tdm:unreachable' },
        drainedAs: 'tdm_unreachable',
      })
      expect(await desk.progress()).toMatchObject({ urls: 0, pageRows: count })
      const rows = await desk.writeAll()
      expect(rows).toHaveLength(count)
      expect(new Set(rows.map(({ url }) => url)).size).toBe(count)
      expect(rows[0]).toMatchObject({ outcome: 'read' })
      const dropped = rows.slice(1)
      for (const { url, depth, ...row } of dropped) {
        expect(row).toEqual({
          host: session.host,
          outcome: 'dropped',
          reason: 'tdm_unreachable',
          detail: null,
          httpStatus: null,
          tries: url === second!.url ? 1 : 0,
          redirectTo: null,
          candidates: null,
          permission: { ...permission, rule: 'tdm:unreachable' },
          imagesRefusal: null,
          decidedAt: expect.any(String),
        })
        expect(depth).toBe(Number(url.split('/').at(-1)) % 3)
      }
      expect(await desk.counters()).toMatchObject({ 'page_skipped:tdm_unreachable': count - 1 })
      expect(await desk.progress()).toMatchObject({ pageRows: 0 })
    })

    it('has a row of every URL that is over the budget of its host', async () => {
      const desk = await openLedger({ maxPagesPerHost: 2 })
      await desk.offer(...Array.from({ length: 5 }, (_, i) => desk.urlOf('a', i)))
      const session = await desk.session('a')
      await desk.commit(session, { decided: session.urls.map((url) => decidedPage(url, session.host)) })
      expect(await desk.lease('a')).toEqual({ kind: 'none' })
      const rows = await desk.writeAll()
      expect(rows.map(({ outcome, reason }) => reason ?? outcome)).toEqual([
        'read',
        'read',
        'host_budget',
        'host_budget',
        'host_budget',
      ])
      expect(rows.at(-1)).toMatchObject({ permission: null, tries: 0 })
    })

    it('gives no number again that the store knows, and loses no row for it', async () => {
      const desk = await openLedger()
      const { backend, run } = desk
      const urls = await desk.decide('a', 2)
      await backend.adoptPageFiles(run, 4)
      await backend.adoptPageFiles(run, 3)
      await backend.adoptPageFiles(run, -1)
      expect(await desk.progress()).toMatchObject({ pageRows: 2 })
      expect(await backend.openPageFiles(run, true)).toEqual([5])
      expect((await desk.rowsOf(5)).map(({ url }) => url)).toEqual(urls)
    })

    it('is free again after a restart', async () => {
      const desk = await openLedger()
      await desk.decide('a', 1)
      await desk.backend.openPageFiles(desk.run, true)
      await desk.leaseFile(0)
      await desk.backend.resetLeases()
      expect(await desk.backend.openPageFiles(desk.run, false)).toEqual([0])
    })
  })
}
