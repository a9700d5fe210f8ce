import { describe, expect, it } from 'vitest'
import type { OpenDesk } from './conformance.js'
import { eventually, noLimits, noProgress } from './desk.js'

export function frontierRules(open: OpenDesk): void {
  describe('runs', () => {
    it('are opened once; later calls answer what was stored then', async () => {
      const { backend, run } = await open()
      const again = await backend.openRun(run, { other: 1 }, { ...noLimits, maxPages: 1 })
      expect(again).toEqual({
        created: false,
        options: { name: run },
        limits: noLimits,
        elapsedMs: 0,
        seeded: false,
      })
    })

    it('say that they are new, and keep every kind of option', async () => {
      const { backend, run } = await open()
      const options = { text: 'ü"\\', list: [1, 'two', null], nested: { yes: true }, fraction: 0.28 }
      const opened = await backend.openRun(`${run}-new`, options, noLimits)
      expect(opened).toMatchObject({ created: true, options })
      expect(await backend.openRun(`${run}-new`, {}, noLimits)).toMatchObject({ created: false, options })
    })

    it('take other options as a whole', async () => {
      const { backend, run } = await open()
      await backend.setOptions(run, { other: [1] })
      expect((await backend.openRun(run, {}, noLimits)).options).toEqual({ other: [1] })
    })

    it('sum their working time and take new limits', async () => {
      const { backend, run } = await open()
      await backend.addElapsed(run, 1_500)
      await backend.addElapsed(run, 250)
      const limits = { maxPages: 7, maxPairs: null, maxPagesPerHost: 2 }
      await backend.setLimits(run, limits)
      expect(await backend.openRun(run, {}, noLimits)).toMatchObject({ elapsedMs: 1_750, limits })
      expect(await backend.progress(run)).toEqual({
        ...noProgress,
        backlog: 0,
        elapsedMs: 1_750,
        seedings: 0,
      })
    })

    it('begin with nothing to do', async () => {
      const { backend, run, progress } = await open()
      expect(await progress()).toEqual(noProgress)
      expect(await backend.counters(run)).toEqual({})
      expect(await backend.waitingHosts(run, 10)).toEqual([])
      expect(await backend.openBatches(run, 10)).toEqual([])
      expect(await backend.openPlans(run)).toEqual([])
      expect(await backend.unplannedParts(run, 10)).toEqual([])
      expect(await backend.liveParts(run)).toEqual([])
      expect(await backend.hosts(run, 10)).toEqual([])
    })

    it('know whether they were seeded', async () => {
      const { backend, run, urlOf } = await open()
      await backend.offer(run, [urlOf('a', 1)], false)
      expect((await backend.openRun(run, {}, noLimits)).seeded).toBe(false)
      await backend.offer(run, [], true)
      expect((await backend.openRun(run, {}, noLimits)).seeded).toBe(true)
    })
  })

  describe('the frontier', () => {
    it('takes a URL once, however often and by whomever it is offered', async () => {
      const desk = await open()
      const { urlOf, offer } = desk
      await offer(urlOf('a', 1), urlOf('a', 1, 3), urlOf('a', 2))
      await offer(urlOf('a', 2))
      const session = await desk.session('a')
      expect(session.urls.map(({ url, depth }) => [url, depth])).toEqual([
        [urlOf('a', 1).url, 0],
        [urlOf('a', 2).url, 0],
      ])
      await offer(urlOf('a', 1))
      await desk.commit(session, { offers: [urlOf('a', 2), urlOf('a', 1)] })
      expect(await offer(urlOf('a', 1))).toEqual([])
      expect(await desk.lease('a')).toEqual({ kind: 'none' })
      expect(await desk.progress()).toEqual({ ...noProgress, pages: 2 })
    })

    it('keeps apart what different runs know', async () => {
      const one = await open()
      const other = await open()
      const url = one.urlOf('a', 1)
      await one.offer(url)
      expect(await other.offer(url)).toEqual([url.host])
    })

    it('names the hosts that had nothing waiting: those are rung', async () => {
      const { urlOf, offer, hostName } = await open()
      expect((await offer(urlOf('a', 1), urlOf('b', 1), urlOf('a', 2))).toSorted()).toEqual([
        hostName('a'),
        hostName('b'),
      ])
      expect(await offer(urlOf('a', 3), urlOf('c', 1))).toEqual([hostName('c')])
    })

    it('gives the shallowest first, then in the order in which they came', async () => {
      const desk = await open()
      const { urlOf } = desk
      await desk.offer(urlOf('a', 'deep', 2), urlOf('a', 'first', 1), urlOf('a', 'second', 1))
      await desk.offer(urlOf('a', 'seed', 0))
      const { urls } = await desk.session('a', { max: 3 })
      expect(urls.map(({ url }) => url.split('/').at(-1))).toEqual(['seed', 'first', 'second'])
    })

    it('hands out a URL with all that was said of it', async () => {
      const desk = await open()
      const offer = { ...desk.urlOf('a', 'x?q=ü"', 4), anchor: 'example.org', redirects: 2 }
      await desk.offer(offer)
      const { host: _, ...url } = offer
      expect((await desk.session('a')).urls).toEqual([{ ...url, id: expect.any(Number), attempts: 0 }])
    })

    it('answers none for a host it never heard of', async () => {
      const desk = await open()
      expect(await desk.lease('nowhere')).toEqual({ kind: 'none' })
    })

    it('gives a URL that is to be tried again after its delay, one attempt on', async () => {
      const desk = await open()
      await desk.offer(desk.urlOf('a', 1))
      const first = await desk.session('a')
      const committed = await desk.commit(first, { retry: [{ id: first.urls[0]!.id, delayMs: 60_000 }] })
      expect(committed).toMatchObject({ kind: 'committed', moreInMs: expect.any(Number), crawlWaits: false })
      const answer = await desk.lease('a')
      expect(answer).toMatchObject({ kind: 'not_yet' })
      const { inMs } = answer as { inMs: number }
      expect(inMs).toBeGreaterThan(0)
      expect(inMs).toBeLessThanOrEqual(60_000)
      expect(await desk.backend.waitingHosts(desk.run, 10)).toEqual([])
    })

    it('counts the attempts of a URL, and not those that were given back', async () => {
      const desk = await open()
      await desk.offer(desk.urlOf('a', 'retry'), desk.urlOf('a', 'back'))
      for (let attempts = 0; attempts < 3; attempts++) {
        const session = await desk.session('a')
        const byPath = Object.fromEntries(session.urls.map((url) => [url.url.split('/').at(-1), url]))
        expect(byPath.retry).toMatchObject({ attempts })
        expect(byPath.back).toMatchObject({ attempts: 0 })
        await desk.commit(session, {
          retry: [{ id: byPath.retry!.id, delayMs: 0 }],
          back: [byPath.back!.id],
        })
      }
      expect(await desk.progress()).toEqual({ ...noProgress, urls: 2, hosts: 1 })
    })

    it('says when a host can be visited again, and that it need not be', async () => {
      const desk = await open()
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('a', 2))
      const first = await desk.session('a', { max: 1 })
      expect(await desk.commit(first)).toEqual({
        kind: 'committed',
        hosts: [],
        batches: [],
        moreInMs: 0,
        crawlWaits: false,
      })
      const second = await desk.session('a')
      expect(await desk.commit(second)).toMatchObject({
        kind: 'committed',
        moreInMs: null,
        crawlWaits: false,
      })
    })

    it('wakes the hosts that a session found links to', async () => {
      const desk = await open()
      const { urlOf, hostName } = desk
      await desk.offer(urlOf('a', 1), urlOf('b', 1))
      const committed = await desk.commit(await desk.session('a'), {
        offers: [urlOf('a', 2, 1), urlOf('b', 2, 1), urlOf('c', 1, 1)],
      })
      expect(committed).toMatchObject({ kind: 'committed', moreInMs: 0, crawlWaits: false })
      const { hosts } = committed as { hosts: readonly string[] }
      expect(hosts).toContain(hostName('c'))
      expect(hosts).not.toContain(hostName('b'))
      expect(await desk.progress()).toEqual({ ...noProgress, urls: 4, hosts: 3, pages: 1 })
    })

    it('adds up what sessions count', async () => {
      const desk = await open()
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('b', 1))
      await desk.commit(await desk.session('a'), {
        counters: { pages: 1, 'page_skipped:robots': 2, zero: 0 },
      })
      await desk.commit(await desk.session('b'), { counters: { pages: 1, links: 5 } })
      expect(await desk.counters()).toEqual({ pages: 2, 'page_skipped:robots': 2, links: 5 })
    })

    it('lists the busiest hosts first, with how they stand', async () => {
      const desk = await open()
      const { urlOf, hostName } = desk
      await desk.offer(urlOf('few', 1), urlOf('many', 1), urlOf('many', 2), urlOf('many', 3))
      await desk.commit(await desk.session('few'), {
        offers: [urlOf('few', 2)],
        health: 'bad',
        pauseMs: 60_000,
        rendered: { signed: { renders: 2, paid: 2 }, plain: { renders: 1, paid: 0 } },
      })
      const session = await desk.session('many', { max: 1 })
      const hosts = await desk.backend.hosts(desk.run, 10)
      expect(hosts).toMatchObject([
        {
          host: hostName('many'),
          urls: 3,
          pages: 0,
          leased: true,
          failures: 0,
          rendered: { renders: 0, paid: 0 },
        },
        { host: hostName('few'), urls: 1, pages: 1, leased: false, failures: 1, robots: null },
      ])
      expect(hosts[1]!.rendered).toEqual({ renders: 3, paid: 2 })
      expect(hosts[1]!.nextFetchInMs).toBeGreaterThan(0)
      expect(await desk.backend.hosts(desk.run, 1)).toHaveLength(1)
      await desk.commit(session)
    })

    it('names as waiting the hosts that are due and in nobody’s hands', async () => {
      const desk = await open()
      const { urlOf, hostName, backend, run } = desk
      await desk.offer(
        urlOf('idle', 1),
        urlOf('held', 1),
        urlOf('paused', 1),
        urlOf('paused', 2),
        urlOf('done', 1),
      )
      const held = await desk.session('held')
      await desk.commit(await desk.session('done'))
      await desk.commit(await desk.session('paused', { max: 1 }), { pauseMs: 60_000 })
      expect(await backend.waitingHosts(run, 10)).toEqual([hostName('idle')])
      await desk.commit(held, { back: held.urls.map(({ id }) => id) })
      const waiting = await eventually(
        () => backend.waitingHosts(run, 10),
        (hosts) => hosts.length === 2,
      )
      expect(waiting.toSorted()).toEqual([hostName('held'), hostName('idle')])
      expect(await backend.waitingHosts(run, 1)).toHaveLength(1)
    })

    it('counts the hosts that are held and those that are due, and none that rests', async () => {
      const desk = await open()
      const { urlOf, backend, run } = desk
      const counts = (withinMs = 0) => backend.hostCounts(run, withinMs)
      expect(await counts()).toEqual({ held: 0, due: 0 })
      await desk.offer(urlOf('idle', 1), urlOf('held', 1), urlOf('held', 2), urlOf('resting', 1))
      await desk.offer(urlOf('retried', 1), urlOf('done', 1))
      expect(await counts()).toEqual({ held: 0, due: 5 })
      const held = await desk.session('held', { max: 1 })
      await desk.commit(await desk.session('done'))
      const resting = await desk.session('resting')
      await desk.commit(resting, { back: resting.urls.map(({ id }) => id), pauseMs: 600_000 })
      const retried = await desk.session('retried')
      await desk.commit(retried, { retry: retried.urls.map(({ id }) => ({ id, delayMs: 600_000 })) })
      expect(await counts()).toEqual({ held: 1, due: 1 })
      await desk.commit(held)
      expect(await eventually(counts, ({ due }) => due === 2)).toEqual({ held: 0, due: 2 })
      expect(await counts(3_600_000)).toEqual({ held: 0, due: 4 })
    })
  })
}
