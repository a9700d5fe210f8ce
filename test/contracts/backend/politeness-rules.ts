import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runs } from '../../fixtures/runs.js'
import type { OpenDesk } from './conformance.js'
import { eventually, hex } from './desk.js'

const hourMs = 3_600_000

export function politenessRules(
  open: OpenDesk,
  ageThrottle: (host: string, ms: number) => Promise<void>,
): void {
  const manyUrls = (desk: Awaited<ReturnType<OpenDesk>>, count: number) =>
    desk.offer(...Array.from({ length: count }, (_, i) => desk.urlOf('a', i)))
  const record = {
    kind: 'rules' as const,
    body: 'User-agent: *\nDisallow: /x',
    fetchedAtMs: 1_700_000_000_000,
    expiresAtMs: 1_700_000_100_000,
    status: 200,
    detail: '',
  }

  describe('the slots of a session', () => {
    it.each([
      // delayMs, URLs waiting, max, URLs leased: one now and one more for each delay that fits into the window
      [1_000, 50, 50, 11],
      [3_000, 50, 50, 4],
      [60_000, 50, 50, 1],
      [1_000, 50, 5, 5],
      [1_000, 3, 50, 3],
      [0, 60, 50, 50],
    ])('delay %i ms, %i URLs, %i at most: %i are leased', async (delayMs, waiting, max, leased) => {
      const desk = await open()
      await manyUrls(desk, waiting)
      const session = await desk.session('a', { delayMs, max, windowMs: 10_000 })
      expect(session.urls).toHaveLength(leased)
      expect(session.delayMs).toBe(delayMs)
    })

    it('are kept free of images, and one more behind them', async () => {
      const desk = await open()
      await manyUrls(desk, 3)
      await desk.session('a', { delayMs: hourMs, windowMs: 3 * hourMs })
      const [slot] = await desk.backend.reserve({
        slots: [{ host: desk.hostName('a'), want: 1, groups: [] }],
        perGroup: 8,
        delayMs: 0,
        windowMs: 10 * hourMs,
        guardMs: 0,
      })
      expect(slot).toMatchObject({ granted: 1 })
      expect(slot!.inMs).toBeGreaterThan(3 * hourMs)
      expect(slot!.inMs).toBeLessThanOrEqual(4 * hourMs)
    })

    it('go back where the session fetched nothing', async () => {
      const desk = await open()
      await manyUrls(desk, 3)
      const session = await desk.session('a', { delayMs: hourMs, windowMs: 3 * hourMs })
      const back = session.urls.map(({ id }) => id)
      await desk.commit(session, { done: [], back, pages: 0, lastFetchAgoMs: null, health: 'none' })
      expect(await desk.lease('a')).toMatchObject({ kind: 'urls' })
    })

    it('go back but for the delay after the last fetch', async () => {
      const desk = await open()
      await manyUrls(desk, 3)
      const session = await desk.session('a', { delayMs: hourMs, windowMs: 3 * hourMs })
      const [done = 0, ...back] = session.urls.map(({ id }) => id)
      await desk.commit(session, { done: [done], back, lastFetchAgoMs: 0 })
      const answer = await desk.lease('a')
      expect(answer).toMatchObject({ kind: 'not_yet' })
      expect((answer as { inMs: number }).inMs).toBeGreaterThan(hourMs / 2)
      expect((answer as { inMs: number }).inMs).toBeLessThanOrEqual(hourMs)
    })

    it('are free at once where the last fetch is as long ago as the delay', async () => {
      const desk = await open()
      await manyUrls(desk, 2)
      const session = await desk.session('a', { delayMs: 1_000, max: 1 })
      await desk.commit(session, { lastFetchAgoMs: 1_000 })
      expect(await desk.lease('a')).toMatchObject({ kind: 'urls' })
    })

    it('do not go back where somebody reserved behind them', async () => {
      const desk = await open()
      await manyUrls(desk, 2)
      const session = await desk.session('a', { delayMs: hourMs, max: 1 })
      await desk.backend.reserve({
        slots: [{ host: desk.hostName('a'), want: 1, groups: [] }],
        perGroup: 8,
        delayMs: hourMs,
        windowMs: 10 * hourMs,
        guardMs: 0,
      })
      await desk.commit(session, {
        done: [],
        back: session.urls.map(({ id }) => id),
        pages: 0,
        lastFetchAgoMs: null,
        health: 'none',
      })
      const answer = await desk.lease('a')
      expect((answer as { inMs: number }).inMs).toBeGreaterThan(2 * hourMs)
    })

    it('are as far apart as a session found that it must', async () => {
      const desk = await open()
      await manyUrls(desk, 2)
      const session = await desk.session('a', { max: 1 })
      await desk.commit(session, { delayMs: hourMs })
      expect(await desk.lease('a')).toMatchObject({ kind: 'not_yet' })
    })

    it('wait as long as a session asked for, without being reserved for anyone', async () => {
      const desk = await open()
      await manyUrls(desk, 2)
      const committed = await desk.commit(await desk.session('a', { max: 1 }), { pauseMs: hourMs })
      expect((committed as { moreInMs: number }).moreInMs).toBeGreaterThan(hourMs / 2)
      const answer = await desk.lease('a')
      expect(answer).toMatchObject({ kind: 'not_yet' })
      expect((answer as { inMs: number }).inMs).toBeLessThanOrEqual(hourMs)
    })
  })

  describe('the slots of images', () => {
    const reserve = async (host: string, want: number, delayMs: number, windowMs: number, guardMs = 0) => {
      const desk = await open()
      const [slot] = await desk.backend.reserve({
        slots: [{ host, want, groups: [] }],
        perGroup: 8,
        delayMs,
        windowMs,
        guardMs,
      })
      return slot!
    }

    it('are granted as far as they start within the window', async () => {
      const host = `${hex(6)}.test`
      expect(await reserve(host, 5, hourMs, 2.5 * hourMs)).toEqual({
        host,
        granted: 3,
        inMs: 0,
        delayMs: hourMs,
        failures: 0,
      })
      const next = await reserve(host, 5, hourMs, 2.5 * hourMs)
      expect(next).toMatchObject({ granted: 0 })
      expect(next.inMs).toBeGreaterThan(2.5 * hourMs)
      expect(next.inMs).toBeLessThanOrEqual(3 * hourMs)
      expect(await reserve(host, 5, hourMs, 3 * hourMs)).toMatchObject({ granted: 1 })
    })

    it('are granted as many as are wanted where there is no delay', async () => {
      const host = `${hex(6)}.test`
      expect(await reserve(host, 500, 0, 30_000)).toEqual({
        host,
        granted: 500,
        inMs: 0,
        delayMs: 0,
        failures: 0,
      })
      expect(await reserve(host, 1, 0, 30_000)).toMatchObject({ granted: 1, inMs: 0 })
    })

    it('are followed by what is kept free for a late fetch, at most a delay', async () => {
      const host = `${hex(6)}.test`
      await reserve(host, 1, hourMs, hourMs, hourMs / 2)
      expect((await reserve(host, 1, hourMs, 10 * hourMs, 0)).inMs).toBeGreaterThan(1.25 * hourMs)
      const undelayed = `${hex(6)}.test`
      await reserve(undelayed, 1, 0, hourMs, hourMs / 2)
      expect(await reserve(undelayed, 1, 0, hourMs)).toMatchObject({ inMs: 0 })
    })

    it('are reserved on many hosts in one call, and hold back the pages of those hosts', async () => {
      const desk = await open()
      await desk.offer(desk.urlOf('a', 1))
      const slots = await desk.backend.reserve({
        slots: [
          { host: desk.hostName('a'), want: 2, groups: [] },
          { host: desk.hostName('b'), want: 1, groups: [] },
        ],
        perGroup: 8,
        delayMs: hourMs,
        windowMs: 10 * hourMs,
        guardMs: 0,
      })
      expect(slots.toSorted((x, y) => x.host.localeCompare(y.host))).toMatchObject([
        { host: desk.hostName('a'), granted: 2 },
        { host: desk.hostName('b'), granted: 1 },
      ])
      expect(await desk.lease('a')).toMatchObject({ kind: 'not_yet' })
      expect(await desk.backend.waitingHosts(desk.run, 10)).toEqual([])
    })

    it('never overlap, whoever reserves how many', async () => {
      const desk = await open()
      const wish = fc.record({
        want: fc.integer({ min: 1, max: 5 }),
        delayMs: fc.integer({ min: 100, max: 9_000 }),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(wish, { minLength: 2, maxLength: 6 }), async (wishes) => {
          const host = `${hex(6)}.test`
          let freeAtMs = 0
          for (const { want, delayMs } of wishes) {
            const askedAt = Date.now()
            const [slot] = await desk.backend.reserve({
              slots: [{ host, want, groups: [] }],
              perGroup: 8,
              delayMs,
              windowMs: hourMs,
              guardMs: 0,
            })
            const answeredAt = Date.now()
            expect(slot!.granted).toBe(want)
            // The server took its time between the two readings of the clock.
            expect(answeredAt + slot!.inMs).toBeGreaterThanOrEqual(freeAtMs)
            freeAtMs = askedAt + slot!.inMs + want * delayMs
          }
        }),
        { numRuns: runs.world },
      )
    })
  })

  describe('what a host showed to need', () => {
    const reserveOne = async (desk: Awaited<ReturnType<OpenDesk>>, host: string, delayMs = 0) => {
      const wish = {
        slots: [{ host, want: 1, groups: [] }],
        perGroup: 8,
        delayMs,
        windowMs: 100 * hourMs,
        guardMs: 0,
      }
      const [slot] = await desk.backend.reserve(wish)
      return slot!
    }
    const report = { throttleMs: 0, pauseMs: 0, health: 'none' as const }

    it('keeps pages and images of the host apart, and is shown', async () => {
      const desk = await open()
      await manyUrls(desk, 9)
      const first = await desk.session('a', { max: 1, delayMs: 1_000 })
      await desk.commit(first, { throttleMs: 8_000, lastFetchAgoMs: hourMs })
      expect(await desk.session('a', { delayMs: 1_000, max: 1 })).toMatchObject({ delayMs: 8_000 })
      expect(await reserveOne(desk, desk.hostName('a'))).toMatchObject({ delayMs: 8_000 })
      expect(await desk.backend.hosts(desk.run, 1)).toMatchObject([{ delayMs: 8_000 }])
    })

    it('keeps the next fetch away from the last one of the session that saw it', async () => {
      const desk = await open()
      await manyUrls(desk, 9)
      await desk.commit(await desk.session('a', { max: 1 }), { throttleMs: hourMs })
      const answer = await desk.lease('a')
      expect(answer).toMatchObject({ kind: 'not_yet' })
      expect((answer as { inMs: number }).inMs).toBeGreaterThan(hourMs / 2)
    })

    it('never lets the delay that was asked for be undercut', async () => {
      const desk = await open()
      const host = `${hex(6)}.test`
      await desk.backend.reportHosts([{ ...report, host, throttleMs: 300 }])
      expect(await reserveOne(desk, host, 2_000)).toMatchObject({ delayMs: 2_000 })
    })

    it('grows with what is reported, and does not shrink with a smaller report', async () => {
      const desk = await open()
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 5 }),
          async (wishes) => {
            const host = `${hex(6)}.test`
            for (const throttleMs of wishes) await desk.backend.reportHosts([{ ...report, host, throttleMs }])
            const { delayMs } = await reserveOne(desk, host)
            // Below 50 ms it is forgotten.
            const most = Math.max(...wishes)
            expect(delayMs).toBe(most < 50 ? 0 : most)
          },
        ),
        { numRuns: runs.world },
      )
    })

    it('halves with every minute in which nobody says it again, until it is forgotten', async () => {
      const desk = await open()
      const host = `${hex(6)}.test`
      await desk.backend.reportHosts([{ ...report, host, throttleMs: 1_000 }])
      const delays: number[] = []
      for (let minute = 0; minute < 6; minute++) {
        delays.push((await reserveOne(desk, host)).delayMs)
        await ageThrottle(host, 60_000)
      }
      expect(delays).toEqual([1_000, 500, 250, 125, 62, 0])
      await desk.backend.reportHosts([{ ...report, host, throttleMs: 300 }])
      expect(await reserveOne(desk, host)).toMatchObject({ delayMs: 300 })
      await ageThrottle(host, 1_000 * hourMs)
      expect(await reserveOne(desk, host)).toMatchObject({ delayMs: 0 })
    })

    it('lets a host alone for as long as an image was told to wait', async () => {
      const desk = await open()
      await manyUrls(desk, 1)
      const host = desk.hostName('a')
      await desk.backend.reportHosts([{ ...report, host, pauseMs: hourMs }])
      expect((await reserveOne(desk, host)).inMs).toBeGreaterThan(hourMs / 2)
      expect(await desk.lease('a')).toMatchObject({ kind: 'not_yet' })
      expect(await desk.backend.waitingHosts(desk.run, 10)).toEqual([])
    })

    it('counts the failures of pages and images together, until it answers either', async () => {
      const desk = await open()
      await manyUrls(desk, 9)
      const host = desk.hostName('a')
      await desk.commit(await desk.session('a', { max: 1 }), { health: 'bad' })
      await desk.backend.reportHosts([{ ...report, host, health: 'bad' }])
      expect(await reserveOne(desk, host)).toMatchObject({ failures: 2 })
      await desk.backend.reportHosts([{ ...report, host }])
      expect(await desk.lease('a', { max: 1 })).toMatchObject({ kind: 'urls', failures: 2 })
      await desk.backend.reportHosts([{ ...report, host, health: 'ok' }])
      expect(await reserveOne(desk, host)).toMatchObject({ failures: 0 })
    })

    it('is reported of many hosts at once, known or not', async () => {
      const desk = await open()
      const hosts = [`${hex(6)}.test`, `${hex(6)}.test`]
      await desk.backend.reportHosts(
        hosts.map((host, i) => ({ ...report, host, throttleMs: 1_000 * (i + 1) })),
      )
      expect(await reserveOne(desk, hosts[0]!)).toMatchObject({ delayMs: 1_000 })
      expect(await reserveOne(desk, hosts[1]!)).toMatchObject({ delayMs: 2_000 })
      await desk.backend.reportHosts([])
    })
  })

  describe('hosts that share something', () => {
    const grouped = async (count: number) => {
      const desk = await open()
      const labels = Array.from({ length: count }, (_, i) => `h${i}`)
      await desk.offer(...labels.flatMap((label) => [desk.urlOf(label, 1), desk.urlOf(label, 2)]))
      return { desk, wish: { groups: [`d:${hex(4)}`, `i:${hex(4)}`], perGroup: 2, max: 1 } }
    }

    it('are on lease no more at once than their group allows', async () => {
      const { desk, wish } = await grouped(4)
      const first = await desk.session('h0', wish)
      await desk.session('h1', wish)
      expect(await desk.lease('h2', wish)).toMatchObject({ kind: 'not_yet' })
      expect(await desk.lease('h2', { ...wish, groups: [wish.groups[1]!] })).toMatchObject({
        kind: 'not_yet',
      })
      const crowded = async () =>
        (await desk.backend.hosts(desk.run, 10)).filter((state) => state.crowded).map(({ host }) => host)
      expect(await crowded()).toEqual([desk.hostName('h2')])
      await desk.commit(first)
      expect(await desk.lease('h2', wish)).toMatchObject({ kind: 'urls' })
      expect(await crowded()).toEqual([])
      expect(await desk.lease('h3', wish)).toMatchObject({ kind: 'not_yet' })
    })

    it('are not held back by other groups, nor by none', async () => {
      const { desk, wish } = await grouped(4)
      await desk.session('h0', wish)
      await desk.session('h1', wish)
      expect(await desk.lease('h2', { ...wish, groups: [`d:${hex(4)}`] })).toMatchObject({ kind: 'urls' })
      expect(await desk.lease('h3', { ...wish, groups: [] })).toMatchObject({ kind: 'urls' })
    })

    it('make place where a worker died', async () => {
      const { desk, wish } = await grouped(3)
      await desk.lease('h0', { ...wish, leaseMs: 1 })
      await desk.lease('h1', { ...wish, leaseMs: 1 })
      await eventually(
        () => desk.lease('h2', wish),
        ({ kind }) => kind === 'urls',
      )
    })

    it('go on being held while a session commits in parts', async () => {
      const { desk, wish } = await grouped(3)
      const held = await desk.session('h0', { ...wish, max: 2 })
      await desk.session('h1', wish)
      await desk.commit(held, { partial: true, done: [held.urls[0]!.id] })
      expect(await desk.lease('h2', wish)).toMatchObject({ kind: 'not_yet' })
    })
  })

  describe('hosts of images that share something', () => {
    const openGroups = async () => {
      const desk = await open()
      const groups = [`d:${hex(4)}`, `i:${hex(4)}`]
      const reserve = async (labels: readonly string[], over: { groups?: string[]; delayMs?: number } = {}) =>
        desk.backend.reserve({
          slots: labels.map((label) => ({
            host: desk.hostName(label),
            want: 1,
            groups: over.groups ?? groups,
          })),
          perGroup: 2,
          delayMs: over.delayMs ?? 200,
          windowMs: 30_000,
          guardMs: 0,
        })
      return { desk, groups, reserve }
    }

    it('are fetched of no more at once than their group allows, whoever reserves', async () => {
      const { desk, groups, reserve } = await openGroups()
      const given = await reserve(['a', 'b', 'c'])
      expect(given.map(({ granted }) => granted)).toEqual([1, 1, 0])
      const [, , crowded] = given
      expect(crowded).toMatchObject({ host: desk.hostName('c'), crowded: true })
      expect(crowded!.inMs).toBeGreaterThan(0)
      expect(crowded!.inMs).toBeLessThanOrEqual(1_000)
      for (const group of groups)
        expect(await reserve(['c'], { groups: [group] })).toMatchObject([{ crowded: true }])
      const [free] = await reserve(['d'], { groups: [`d:${hex(4)}`] })
      expect(free).toMatchObject({ granted: 1 })
      expect(free).not.toHaveProperty('crowded')
    })

    it('go on where they are members already, and stay until their last slot', async () => {
      const { reserve } = await openGroups()
      await reserve(['a', 'b'], { delayMs: 9_000 })
      const again = await reserve(['a'], { delayMs: 9_000 })
      expect(again).toMatchObject([{ granted: 1 }])
      const [late] = await reserve(['c'])
      expect(late).toMatchObject({ granted: 0, crowded: true })
      // The other one is done first.
      expect(late!.inMs).toBeLessThanOrEqual(1_000)
    })

    it('make place by themselves', async () => {
      const { reserve } = await openGroups()
      await reserve(['a', 'b'], { delayMs: 1 })
      await eventually(
        () => reserve(['c']),
        ([slot]) => slot!.granted === 1,
      )
    })

    it('are counted apart from those whose pages are fetched', async () => {
      const { desk, groups, reserve } = await openGroups()
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('b', 1), desk.urlOf('c', 1))
      const first = await desk.session('a', { groups, perGroup: 2 })
      await desk.session('b', { groups, perGroup: 2 })
      expect(await reserve(['d', 'e'])).toMatchObject([{ granted: 1 }, { granted: 1 }])
      await desk.commit(first)
      expect(await reserve(['f'])).toMatchObject([{ crowded: true }])
      expect(await desk.lease('c', { groups, perGroup: 2 })).toMatchObject({ kind: 'urls' })
    })
  })

  describe('robots.txt', () => {
    const originOf = () => `http://${hex(6)}.test`
    const put = (origin: string, over: { ttlMs?: number; crawlDelayMs?: number } = {}) => ({
      key: origin,
      host: new URL(origin).host,
      detail: 'rules',
      record,
      ttlMs: hourMs,
      crawlDelayMs: 0,
      ...over,
    })

    it('is fetched by one, while the others wait, and then known to all', async () => {
      const { backend } = await open()
      const origin = originOf()
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => backend.claimSiteRecord(origin, 60_000)),
      )
      expect(answers.map(({ kind }) => kind).toSorted()).toEqual([...Array(4).fill('busy'), 'fetch'])
      const busy = answers.find(({ kind }) => kind === 'busy') as { inMs: number }
      expect(busy.inMs).toBeGreaterThan(0)
      expect(busy.inMs).toBeLessThanOrEqual(60_000)
      await backend.putSiteRecord(put(origin))
      expect(await backend.claimSiteRecord(origin, 60_000)).toEqual({ kind: 'known', record })
    })

    it('is fetched by another where the first one gave up or died', async () => {
      const { backend } = await open()
      const origin = originOf()
      expect(await backend.claimSiteRecord(origin, 60_000)).toEqual({ kind: 'fetch' })
      await backend.releaseSiteRecord(origin)
      expect(await backend.claimSiteRecord(origin, 1)).toEqual({ kind: 'fetch' })
      await eventually(
        () => backend.claimSiteRecord(origin, 60_000),
        ({ kind }) => kind === 'fetch',
      )
      await backend.resetLeases()
      expect(await backend.claimSiteRecord(origin, 60_000)).toEqual({ kind: 'fetch' })
    })

    it('is fetched again when it has grown old', async () => {
      const { backend } = await open()
      const origin = originOf()
      await backend.claimSiteRecord(origin, 60_000)
      await backend.putSiteRecord(put(origin, { ttlMs: 0 }))
      await eventually(
        () => backend.claimSiteRecord(origin, 60_000),
        ({ kind }) => kind === 'fetch',
      )
    })

    it('gives its crawl-delay to pages and images of the host', async () => {
      const desk = await open()
      await manyUrls(desk, 9)
      const origin = `http://${desk.hostName('a')}`
      await desk.backend.claimSiteRecord(origin, 60_000)
      await desk.backend.putSiteRecord(put(origin, { crawlDelayMs: 4_000 }))
      const session = await desk.session('a', { delayMs: 1_000, windowMs: 10_000 })
      expect(session).toMatchObject({ delayMs: 4_000 })
      expect(session.urls).toHaveLength(3)
      await desk.commit(session, { lastFetchAgoMs: null, done: [], back: session.urls.map(({ id }) => id) })
      const wish = {
        slots: [{ host: desk.hostName('a'), want: 9, groups: [] }],
        perGroup: 8,
        windowMs: 10_000,
        guardMs: 0,
      }
      expect(await desk.backend.reserve({ ...wish, delayMs: 0 })).toMatchObject([
        { granted: 3, delayMs: 4_000 },
      ])
    })

    it('gives the longer crawl-delay where http and https ask for two, whichever was read last', async () => {
      const desk = await open()
      const host = desk.hostName('a')
      const delayOf = async () => {
        const [slot] = await desk.backend.reserve({
          slots: [{ host, want: 1, groups: [] }],
          perGroup: 8,
          delayMs: 0,
          windowMs: hourMs,
          guardMs: 0,
        })
        return slot!.delayMs
      }
      const read = async (scheme: string, crawlDelayMs: number) => {
        await desk.backend.claimSiteRecord(`${scheme}://${host}`, 60_000)
        await desk.backend.putSiteRecord(put(`${scheme}://${host}`, { crawlDelayMs }))
        return delayOf()
      }
      expect(await read('https', 3_000)).toBe(3_000)
      expect(await read('http', 1_000)).toBe(3_000)
      expect(await read('http', 5_000)).toBe(5_000)
      expect(await read('https', 2_000)).toBe(5_000)
      // What is asked for no more is not waited for.
      expect(await read('http', 0)).toBe(2_000)
    })
  })
}
