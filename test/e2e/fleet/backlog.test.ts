import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { fleetDesk } from '../../fixtures/fleet/fleet-desk.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'
import { problemsOf, tempFolder } from '../../fixtures/run/pairmill.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const pages = 60
const perPage = 500
/** Candidates above which a crawl waits where no filter lives. With the filter's three places it goes on at 24,576. */
const mark = 20_000
/** Pages that are under way when the mark is met, on all hosts, and more. */
const underWay = 9 * perPage

describe.skipIf(serverCommand === null)(
  `a crawl ahead of its filters${whyNoServer}`,
  { timeout: 300_000 },
  () => {
    let server: RedisServer
    let web: TestWeb
    beforeAll(async () => {
      ;[server, web] = await Promise.all([startRedis(), startTestWeb()])
    }, 180_000)
    afterAll(async () => {
      await Promise.all([server.close(), web.close()])
    })

    it('waits for a filter that sleeps, says so, loses nothing, and goes on when it wakes', async () => {
      const links = Array.from({ length: pages - 1 }, (_, i) => `/${i + 1}.html`)
      // One caption on all pictures is boilerplate: they are judged without being fetched.
      const imagesOf = (page: number) =>
        Array.from({ length: perPage }, (_, i) => ({
          src: `http://img-${i % 50}.test/${page}-${i}.jpg`,
          alt: 'A boat lies on the lake',
        }))
      for (let page = 0; page < pages; page++) {
        web.page(`boats.test/${page === 0 ? '' : `${page}.html`}`, {
          links: page === 0 ? links : [],
          images: imagesOf(page),
        })
      }
      const { call, worker, statusOf, close } = await fleetDesk(server.url)
      onTestFinished(close)
      const out = join(tempFolder(), 'out')
      const words = ['--model', 'none', '--delay-ms', '4', '--render', 'never', ...web.words]
      expect(
        await call(['crawl', 'http://boats.test/', '--run', 'boats', '--out', out, ...words]),
      ).toMatchObject({ code: 0 })
      const filter = worker('filter', '--until-done')
      onTestFinished(() => void filter.child.kill('SIGKILL'))
      const filters = async () => (await statusOf('boats')).workers.length
      await expect.poll(filters, { timeout: 60_000 }).toBe(1)
      filter.child.kill('SIGSTOP')
      await expect.poll(filters, { timeout: 60_000 }).toBe(0)
      const others = ['crawl', 'shard'].map((role) => worker(role, '--until-done'))

      const crawlWaits = async () => (await statusOf('boats')).crawlWaits
      await expect
        .poll(crawlWaits, { timeout: 120_000 })
        .toEqual({ for: 'filters', backlog: expect.any(Number), goesOnAt: mark / 2 })
      // What was under way has ended when nothing is added any more.
      const backlogOf = async () => {
        const wait = await crawlWaits()
        return wait?.for === 'filters' ? wait.backlog : 0
      }
      let backlog = 0
      await expect
        .poll(
          async () => {
            const before = backlog
            backlog = await backlogOf()
            return backlog === before
          },
          { timeout: 60_000, interval: 3_000 },
        )
        .toBe(true)
      expect(backlog).toBeGreaterThan(mark)
      expect(backlog).toBeLessThanOrEqual(mark + underWay)
      const asked = web.seenAt('boats.test').length
      expect((await call(['status', 'boats'])).stdout).toMatch(
        /The crawl waits for the filters: [\d,]+ candidates are not judged yet; it goes on at 10,000\.\nNobody judges them: pairmill work filter\n/,
      )
      expect(web.seenAt('boats.test').length).toBe(asked)

      filter.child.kill('SIGCONT')
      await expect.poll(() => web.seenAt('boats.test').length, { timeout: 60_000 }).toBeGreaterThan(asked)
      for (const { ended } of [filter, ...others]) expect(await ended).toMatchObject({ code: 0 })
      const { counters, state } = await statusOf('boats')
      expect(state).toBe('done')
      expect(counters).toMatchObject({ pages, candidates: pages * perPage })
      const judged = Object.entries(counters).filter(
        ([name]) => name === 'kept' || name.startsWith('rejected:'),
      )
      expect(judged.reduce((sum, [, n]) => sum + n, 0)).toBe(pages * perPage)
      expect(await problemsOf(out)).toEqual([])
    })
  },
)
