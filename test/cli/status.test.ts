import { describe, expect, it } from 'vitest'
import { renderStatus, statusCommand } from '../../src/cli/status.js'
import type { RunSnapshot } from '../../src/workers/run-types.js'
import { paper } from './output.js'
import { snapshotOf } from './snapshot.js'

const now = Date.parse('2026-01-02T03:05:20.500Z')

function called(status: RunSnapshot | { problem: string }) {
  const stdout = paper()
  const stderr = paper()
  return { stdout, stderr, deps: { readStatus: async () => status, stdout, stderr, now: () => now } }
}

describe('status', () => {
  it('shows the run, its funnel, what waits and the busiest hosts', () => {
    const text = renderStatus(snapshotOf(), now)
    expect(text).toContain('/data/pairs: running, process 4242, 1m 14s so far; as of 1s ago.\n')
    expect(text).toContain('pairs kept      1,204  60.1 %')
    expect(text).toContain('5,120 URLs      on 3 hosts')
    expect(text).toContain('example.org           5,000    300  640ms            rules')
    expect(text).toContain('images.example.org      120     12    now         2  allow_all')
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
    const { stdout, deps } = called(snapshotOf())
    expect(await statusCommand('/data/pairs', true, deps)).toBe(0)
    expect(JSON.parse(stdout.text())).toEqual(snapshotOf())
  })

  it('of a folder without a run is a problem', async () => {
    const { stdout, stderr, deps } = called({ problem: 'there is no run in /data/pairs' })
    expect(await statusCommand('/data/pairs', false, deps)).toBe(1)
    expect(stdout.text()).toBe('')
    expect(stderr.text()).toBe('pairmill: there is no run in /data/pairs\n')
  })
})
