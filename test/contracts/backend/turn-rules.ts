import { describe, expect, it } from 'vitest'
import type { OpenDesk } from './conformance.js'
import { eventually, hex, newToken, noLimits } from './desk.js'

export function turnRules(open: OpenDesk): void {
  /** Runs that all have `pages` URLs on one host, each with a delay of its own. */
  const rivals = async (pages: number, ...delays: readonly number[]) => {
    const shared = `shared-${hex(6)}.test`
    const desks = await Promise.all(
      delays.map(async (delayMs) => {
        const desk = await open()
        const urls = Array.from({ length: pages }, (_, i) => ({
          url: `http://${shared}/${i}`,
          host: shared,
          depth: 0,
          anchor: '',
          redirects: 0,
        }))
        await desk.offer(...urls)
        const lease = (token = newToken()) => desk.lease('', { host: shared, token, delayMs })
        return { ...desk, lease, hostUrls: urls }
      }),
    )
    return desks
  }

  describe('a host that several runs want', () => {
    it('goes next to the run that asked for it while another had it', async () => {
      const [one, two] = await rivals(20, 0, 0)
      const token = newToken()
      const given = await one!.lease(token)
      if (given.kind !== 'urls') throw new Error(given.kind)
      expect(await two!.lease()).toMatchObject({ kind: 'busy' })
      const { urls, reservedMs } = given
      const host = one!.hostUrls[0]!.host
      const back = urls.slice(1).map(({ id }) => id)
      await one!.commit({ host, token, urls, reservedMs, delayMs: 0 }, { back, lastFetchAgoMs: null })
      expect(await one!.lease()).toMatchObject({ kind: 'not_yet' })
      expect(await two!.lease()).toMatchObject({ kind: 'urls' })
    })

    it('gives each about as many pages, whatever their delays', async () => {
      const delays = [200, 800, 5_000]
      const desks = await rivals(400, ...delays)
      const pages = desks.map(() => 0)
      for (let round = 0; round < 60; round++) {
        // Whoever has the host is met by the others, who ask for their turn.
        for (const [i, desk] of desks.entries()) {
          const token = newToken()
          const given = await desk.lease(token)
          if (given.kind !== 'urls') continue
          for (const other of desks) if (other !== desk) await other.lease()
          pages[i]! += given.urls.length
          const { urls, reservedMs } = given
          const host = desk.hostUrls[0]!.host
          const session = { host, token, urls, reservedMs, delayMs: delays[i]! }
          await desk.commit(session, { delayMs: 0, lastFetchAgoMs: null })
        }
      }
      expect(Math.min(...pages)).toBeGreaterThan(20)
      // The first session found nobody else, and took as many as one lease gives.
      expect(Math.max(...pages) - 50).toBeLessThanOrEqual(2 * Math.min(...pages))
    })

    it('gives a run no more than a quarter more than the other had, whether or not that one has asked again', async () => {
      const [fast, slow] = await rivals(400, 100, 800)
      const visit = async (desk: typeof fast, delayMs: number) => {
        const token = newToken()
        const given = await desk!.lease(token)
        if (given.kind !== 'urls') throw new Error(given.kind)
        const rival = desk === fast ? slow : fast
        expect(await rival!.lease()).toMatchObject({ kind: 'busy' })
        const { urls, reservedMs } = given
        const session = { host: desk!.hostUrls[0]!.host, token, urls, reservedMs, delayMs }
        await desk!.commit(session, { delayMs: 0, lastFetchAgoMs: null })
        return urls.length
      }
      expect(await visit(fast, 100)).toBe(50)
      for (const _ of [1, 2, 3]) {
        expect(await visit(slow, 800)).toBe(13)
        expect(await visit(fast, 100)).toBe(17)
      }
    })

    it('is a lone run’s whole window again when the other has no URL left', async () => {
      const [one, two] = await rivals(100, 100, 100)
      const few = await two!.lease()
      expect(few.kind).toBe('urls')
      expect(await one!.lease()).toMatchObject({ kind: 'busy' })
      await two!.backend.setStanding(two!.run, 'paused', null)
      await two!.backend.resetLeases()
      const given = await eventually(
        () => one!.lease(),
        ({ kind }) => kind === 'urls',
      )
      expect(given.kind === 'urls' && given.urls.length).toBe(50)
    })

    it('waits for no run that is paused, or has all its pages', async () => {
      const [one, two, three] = await rivals(20, 0, 0, 0)
      const token = newToken()
      const given = await one!.lease(token)
      if (given.kind !== 'urls') throw new Error(given.kind)
      await two!.backend.setStanding(two!.run, 'paused', null)
      await three!.backend.setLimits(three!.run, { ...noLimits, maxPages: 0 })
      for (const other of [two, three]) expect(await other!.lease()).toMatchObject({ kind: 'busy' })
      const { urls, reservedMs } = given
      const host = one!.hostUrls[0]!.host
      const back = urls.slice(1).map(({ id }) => id)
      await one!.commit({ host, token, urls, reservedMs, delayMs: 0 }, { back, lastFetchAgoMs: null })
      expect(await one!.lease()).toMatchObject({ kind: 'urls' })
    })
  })

  describe('a host that was listed', () => {
    it('is not listed again for a while, unless it was visited', async () => {
      const desk = await open()
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('a', 2), desk.urlOf('b', 1))
      const list = () => desk.backend.waitingHosts(desk.run, 10, 3_600_000)
      expect((await list()).toSorted()).toEqual([desk.hostName('a'), desk.hostName('b')])
      expect(await list()).toEqual([])
      const session = await desk.session('a')
      await desk.commit(session, {
        done: session.urls.slice(1).map(({ id }) => id),
        back: [session.urls[0]!.id],
      })
      await eventually(list, (hosts) => hosts.includes(desk.hostName('a')))
      expect(await list()).toEqual([])
    })
  })
}
