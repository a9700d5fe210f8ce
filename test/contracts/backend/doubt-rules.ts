import { describe, expect, it } from 'vitest'
import type { OpenDesk } from './conformance.js'
import { type Desk, eventually, noProgress, type Session } from './desk.js'

/** A worker takes the host and dies; the next one asks when its lease ran out. */
async function afterDeaths(desk: Desk, deaths: number): Promise<Session> {
  const next = (leaseMs: number) =>
    eventually(
      () => desk.session('a', { leaseMs }).catch(() => null),
      (session) => session !== null,
    )
  for (let i = 0; i < deaths; i++) await next(1)
  return (await next(600_000))!
}
const pathsOf = ({ urls }: Session) => urls.map(({ url }) => Number(url.split('/').at(-1)))

export function doubtRules(open: OpenDesk): void {
  describe('a URL that was there when workers died, or whose commit was refused', () => {
    it('is leased as ever after one death, which it remembers', async () => {
      const desk = await open()
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('a', 2))
      const { urls } = await afterDeaths(desk, 1)
      expect(urls).toMatchObject([
        { deaths: 1, attempts: 0 },
        { deaths: 1, attempts: 0 },
      ])
    })

    it('is leased alone after two, so that those beside it go on, and never left out by the backend', async () => {
      const desk = await open()
      await desk.offer(...[1, 2, 3].map((path) => desk.urlOf('a', path)))
      const first = await afterDeaths(desk, 2)
      expect(first.urls).toMatchObject([{ deaths: 2 }])
      expect(pathsOf(first)).toEqual([1])
      await desk.commit(first)
      const second = await afterDeaths(desk, 3)
      expect(second.urls).toMatchObject([{ deaths: 5 }])
      expect(pathsOf(second)).toEqual([2])
      await desk.commit(second)
      expect((await desk.session('a')).urls).toMatchObject([{ deaths: 2 }])
      expect(await desk.progress()).toEqual({ ...noProgress, urls: 1, hosts: 1, pages: 2, pagesLeased: 1 })
    })

    it('does not hold up those before it, nor those that came since', async () => {
      const desk = await open()
      await desk.offer(desk.urlOf('a', 5, 1), desk.urlOf('a', 6, 1))
      await desk.commit(await afterDeaths(desk, 2))
      // It waits at depth 1; these come before it, that one after it.
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('a', 2), desk.urlOf('a', 9, 2))
      const before = await desk.session('a')
      expect(pathsOf(before)).toEqual([1, 2])
      await desk.commit(before)
      const alone = await desk.session('a')
      expect(pathsOf(alone)).toEqual([6])
      await desk.commit(alone)
      expect(pathsOf(await desk.session('a'))).toEqual([9])
    })

    it('has no death of a worker held against it that said itself that it failed', async () => {
      const desk = await open()
      const { backend, run } = desk
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('a', 2))
      for (let i = 0; i < 5; i++) {
        const { host, token, urls } = await desk.session('a')
        await backend.releaseHost({ run, host, token: 'another', pauseMs: 0 })
        expect(await desk.lease('a')).toMatchObject({ kind: 'busy' })
        await backend.releaseHost({ run, host, token, pauseMs: 0 })
        expect(urls).toHaveLength(2)
        expect(urls[0]).not.toHaveProperty('deaths')
        expect(await desk.progress()).toEqual({ ...noProgress, urls: 2, hosts: 1 })
      }
      const { host, token } = await desk.session('a')
      await backend.releaseHost({ run, host, token, pauseMs: 60_000 })
      expect(await desk.lease('a')).toMatchObject({ kind: 'not_yet' })
      expect(await desk.commit({ host, token, urls: [], reservedMs: 0, delayMs: 0 })).toEqual({
        kind: 'lost',
      })
    })

    it('is leased alone after a refused commit, with its refusals counted and no death before them', async () => {
      const desk = await open()
      await desk.offer(...[1, 2, 3].map((path) => desk.urlOf('a', path)))
      const all = await afterDeaths(desk, 1)
      const [first, second, third] = all.urls.map(({ id }) => id)
      const refused = { id: second!, delayMs: 0, refused: true }
      await desk.commit(all, { retry: [refused], back: [first!, third!] })
      const before = await desk.session('a')
      expect(pathsOf(before)).toEqual([1])
      await desk.commit(before)
      for (const refusedCommits of [1, 2]) {
        const alone = await desk.session('a')
        expect(alone.urls).toMatchObject([{ id: second, attempts: refusedCommits, refusedCommits }])
        expect(alone.urls[0]).not.toHaveProperty('deaths')
        await desk.commit(alone, { retry: [refused] })
      }
      await desk.commit(await desk.session('a'))
      expect((await desk.session('a')).urls).toMatchObject([{ id: third, deaths: 1 }])
      expect(await desk.progress()).toEqual({ ...noProgress, urls: 1, hosts: 1, pages: 2, pagesLeased: 1 })
    })

    it('is remembered where the leases of a process that died are reset', async () => {
      const desk = await open()
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('a', 2))
      for (let i = 0; i < 2; i++) {
        await desk.session('a')
        await desk.backend.resetLeases()
      }
      expect((await desk.session('a')).urls).toMatchObject([{ deaths: 2 }])
    })
  })
}
