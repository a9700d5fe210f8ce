import { describe, expect, it } from 'vitest'
import { renderStatus, type StatusCall, statusCommand } from '../../../src/cli/status.js'
import { crawlWaitLines } from '../../../src/cli/status-lines.js'
import type { RunSnapshot } from '../../../src/run/run-types.js'
import { paper } from '../../fixtures/cli/output.js'
import { snapshotOf } from '../../fixtures/cli/snapshot.js'

const now = Date.parse('2026-01-02T03:05:20.500Z')

function called(status: RunSnapshot | { problem: string }) {
  const stdout = paper()
  const stderr = paper()
  const asked: string[] = []
  const deps = {
    cwd: '/data',
    isFolder: (path: string) => path === '/data/pairs',
    readStatus: async () => status,
    fleetUrl: null as string | null,
    openRedisHub: async (url: string) => {
      asked.push(url)
      return { message: `${url} does not answer` }
    },
    stdout,
    stderr,
    now: () => now,
    pause: async () => {},
  }
  const show = (over: Partial<StatusCall> = {}) =>
    statusCommand({ target: 'pairs', backend: null, watch: false, json: false, ...over }, deps)
  return { stdout, stderr, deps, asked, show }
}

describe('status', () => {
  it('shows the run, its funnel, what waits and the busiest hosts', () => {
    const text = renderStatus(snapshotOf(), now)
    expect(text).toContain('/data/pairs: running, process 4242, 1m 14s so far; as of 1s ago.\n')
    expect(text).toContain('pairs kept      1,204  60.1 %')
    expect(text).toContain('5,120 URLs      on 3 hosts')
    expect(text).toContain('example.org           5,000    300  640ms     4s            visited  rules')
    expect(text).toContain('images.example.org      120     12    now                2           allow_all')
  })

  it('says why the crawl waits, and when it goes on', () => {
    const crawlWaits = { for: 'filters', backlog: 25_000, goesOnAt: 10_000 } as const
    expect(renderStatus(snapshotOf({ crawlWaits }), now)).toContain(
      '\nThe crawl waits for the filters: 25,000 candidates are not judged yet; it goes on at 10,000.\n',
    )
    expect(crawlWaitLines(crawlWaits, false)).toContain('Nobody judges them: pairmill work filter')
    expect(crawlWaitLines({ for: 'server' }, false)).toEqual([
      expect.stringContaining('the server is nearly full'),
    ])
    expect(renderStatus(snapshotOf(), now)).not.toContain('The crawl waits')
  })

  it('of a run in which nothing waits says so', () => {
    const queues = { urls: 0, hosts: 0, buffered: 0, batches: 0, unplanned: 0, plans: 0 }
    expect(renderStatus(snapshotOf({ queues, hosts: [] }), now)).toMatch(
      /\nShards written: 4\. Nothing waits\.\n$/,
    )
  })

  it('of a run that has stopped says that it can go on', () => {
    expect(renderStatus(snapshotOf({ state: 'stopped' }), now)).toMatch(
      /^\/data\/pairs: stopped after 1m 14s, 1s ago\. The same command goes on\.\n/,
    )
    expect(renderStatus(snapshotOf({ state: 'done' }), now)).toMatch(
      /^\/data\/pairs: done after 1m 14s, 1s ago\.\n/,
    )
  })

  it('as JSON is the snapshot', async () => {
    const { stdout, show } = called(snapshotOf())
    expect(await show({ json: true })).toBe(0)
    expect(JSON.parse(stdout.text())).toEqual(snapshotOf())
  })

  it('of a folder without a run is a problem', async () => {
    const { stdout, stderr, show } = called({ problem: 'there is no run in /data/pairs' })
    expect(await show()).toBe(1)
    expect(stdout.text()).toBe('')
    expect(stderr.text()).toBe('pairmill: there is no run in /data/pairs\n')
  })

  it('of a name is of the fleet that is given, or that the environment has, but a folder is a folder', async () => {
    const { asked, deps, show } = called(snapshotOf())
    expect(await show({ target: 'birds', backend: 'redis://one' })).toBe(6)
    deps.fleetUrl = 'redis://two'
    expect(await show({ target: 'birds' })).toBe(6)
    expect(await show({ target: null })).toBe(6)
    expect(await show()).toBe(0)
    expect(asked).toEqual(['redis://one', 'redis://two', 'redis://two'])
  })

  it('of nothing is refused where there is no fleet', async () => {
    const { stderr, show } = called(snapshotOf())
    expect(await show({ target: null })).toBe(2)
    expect(stderr.text()).toContain('--backend redis://')
  })

  it('that is watched is shown again until the user has seen enough', async () => {
    const { stdout, deps, show } = called(snapshotOf())
    let looks = 0
    deps.pause = async () => {
      looks++
      if (looks === 3) throw new Error('enough')
    }
    await expect(show({ watch: true, json: true })).rejects.toThrow('enough')
    const lines = stdout.text().trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual([snapshotOf(), snapshotOf(), snapshotOf()])
  })
})
