import { describe, expect, it } from 'vitest'
import { verifyCommand } from '../../../src/cli/verify.js'
import type { Verification, VerifyProgress } from '../../../src/shard/index.js'
import { paper } from '../../fixtures/cli/output.js'

const fine: Verification = {
  problems: [],
  shards: 4,
  samples: 1204,
  rows: 2003,
  pages: 0,
  underWay: [],
  isCopy: false,
}
const problem = { shard: 2, key: '000020017', file: '00002.tar', message: 'sha256 is not that of the entry' }

function called(found: Verification, onTerminal = false) {
  const stdout = paper()
  const stderr = paper(onTerminal)
  let tick = () => {}
  const verify = async (onProgress: (progress: VerifyProgress) => void) => {
    onProgress({ done: 1, total: 4, samples: 300 })
    tick()
    onProgress({ done: 4, total: 4, samples: 1204 })
    return found
  }
  const clock = {
    now: () => 0,
    every(_: number, action: () => void) {
      tick = action
      return () => {}
    },
  }
  return {
    stdout,
    stderr,
    deps: { verify, isFolder: (path: string) => path === '/data', stdout, stderr, clock },
  }
}

describe('verify', () => {
  it('of a dataset in order counts it and answers 0', async () => {
    const { stdout, stderr, deps } = called(fine)
    expect(await verifyCommand('/data', false, deps)).toBe(0)
    expect(stdout.text()).toBe('/data: 4 shards, 1,204 pairs, 2,003 rows: nothing is wrong\n')
    expect(stderr.text()).toBe(
      '{"time":"1970-01-01T00:00:00.000Z","event":"verify","done":1,"total":4,"samples":300}\n',
    )
  })

  it('counts the rows of the page ledger, where there is one', async () => {
    const { stdout, deps } = called({ ...fine, pages: 71 })
    expect(await verifyCommand('/data', false, deps)).toBe(0)
    expect(stdout.text()).toContain('2,003 rows, 71 pages: nothing is wrong')
  })

  it('lists what is wrong, without what could steer the terminal, and answers 1', async () => {
    const problems = [
      problem,
      { shard: null, key: null, file: null, message: 'entry\u001b[2J is not readable' },
    ]
    const { stdout, deps } = called({ ...fine, problems, underWay: ['00004.tar'] })
    expect(await verifyCommand('/data', false, deps)).toBe(1)
    expect(stdout.text()).toBe(
      [
        '/data: 2 problems in 4 shards, 1,204 pairs, 2,003 rows',
        '  00002.tar key 000020017: sha256 is not that of the entry',
        '  dataset: entry [2J is not readable',
        '1 file of shards that are not committed yet: left out',
        '',
      ].join('\n'),
    )
  })

  it('lists a long list in part, but whole as JSON', async () => {
    const problems = Array.from({ length: 300 }, () => problem)
    const short = called({ ...fine, problems })
    await verifyCommand('/data', false, short.deps)
    expect(short.stdout.text().trimEnd().split('\n')).toHaveLength(202)
    expect(short.stdout.text()).toContain('and 100 more; --json lists all of them')
    const whole = called({ ...fine, problems })
    expect(await verifyCommand('/data', true, whole.deps)).toBe(1)
    expect(JSON.parse(whole.stdout.text())).toEqual({ ok: false, ...fine, problems })
  })

  it('on a terminal redraws one line and takes it away', async () => {
    const { stderr, deps } = called(fine, true)
    await verifyCommand('/data', false, deps)
    expect(stderr.text()).toBe('\r\u001b[Kverify  1 / 4 shards  300 pairs\r\u001b[K')
  })

  it('of a folder with nothing committed is not a success', async () => {
    const { stdout, deps } = called({
      problems: [],
      shards: 0,
      samples: 0,
      rows: 0,
      pages: 0,
      underWay: [],
      isCopy: false,
    })
    expect(await verifyCommand('/data', false, deps)).toBe(1)
    expect(stdout.text()).toBe('/data: nothing is committed here\n')
  })

  it('of no folder at all is a wrong call', async () => {
    const { stderr, deps } = called(fine)
    expect(await verifyCommand('/nowhere', false, deps)).toBe(2)
    expect(stderr.text()).toBe('pairmill: there is no folder /nowhere\n')
  })
})
