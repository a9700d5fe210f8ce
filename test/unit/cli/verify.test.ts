import { describe, expect, it } from 'vitest'
import { verifyCommand } from '../../../src/cli/verify.js'
import { type VerifyMoment, verifyLeftMs, verifyLine } from '../../../src/cli/verify-progress.js'
import type { Verification, VerifyProgress } from '../../../src/shard/index.js'
import { paper } from '../../fixtures/cli/output.js'

const call = { dir: '/data', json: false, progress: null }
const fine: Verification = {
  problems: [],
  shards: 4,
  samples: 1204,
  rows: 2003,
  pages: 0,
  underWay: [],
  change: null,
  isCopy: false,
}
const problem = { shard: 2, key: '000020017', file: '00002.tar', message: 'sha256 is not that of the entry' }

function called(found: Verification, onTerminal = false) {
  const stdout = paper()
  const stderr = paper(onTerminal)
  let tick = () => {}
  const verify = async (onProgress: (progress: VerifyProgress) => void) => {
    onProgress({ done: 1, total: 4, samples: 301, samplesTotal: 1204 })
    tick()
    onProgress({ done: 4, total: 4, samples: 1204, samplesTotal: 1204 })
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
    deps: {
      verify,
      isFolder: (path: string) => path === '/data',
      stdout,
      stderr,
      clock,
      color: false,
      redraw: true,
      unicode: false,
    },
  }
}

describe('verify', () => {
  it('finds nothing wrong with shards of which all was taken back', async () => {
    const { stdout, deps } = called({ ...fine, samples: 0, rows: 0 })
    expect(await verifyCommand(call, deps)).toBe(0)
    expect(stdout.text()).toBe('/data: 4 shards, 0 pairs, 0 rows: nothing is wrong\n')
  })

  it('of a dataset in order counts it and answers 0', async () => {
    const { stdout, stderr, deps } = called(fine)
    expect(await verifyCommand(call, deps)).toBe(0)
    expect(stdout.text()).toBe('/data: 4 shards, 1,204 pairs, 2,003 rows: nothing is wrong\n')
    expect(stderr.text()).toBe(
      '{"time":"1970-01-01T00:00:00.000Z","event":"verify","done":1,"total":4,"samples":301,"samplesTotal":1204,"leftMs":null}\n',
    )
  })

  it('counts the rows of the page ledger, where there is one', async () => {
    const { stdout, deps } = called({ ...fine, pages: 71 })
    expect(await verifyCommand(call, deps)).toBe(0)
    expect(stdout.text()).toContain('2,003 rows, 71 pages: nothing is wrong')
  })

  it('lists what is wrong, without what could steer the terminal, and answers 1', async () => {
    const problems = [
      problem,
      { shard: null, key: null, file: null, message: 'entry\u001b[2J is not readable' },
    ]
    const { stdout, deps } = called({ ...fine, problems, underWay: ['00004.tar'] })
    expect(await verifyCommand(call, deps)).toBe(1)
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
    await verifyCommand(call, short.deps)
    expect(short.stdout.text().trimEnd().split('\n')).toHaveLength(202)
    expect(short.stdout.text()).toContain('and 100 more; --json lists all of them')
    const whole = called({ ...fine, problems })
    expect(await verifyCommand({ ...call, json: true }, whole.deps)).toBe(1)
    expect(JSON.parse(whole.stdout.text())).toEqual({ ok: false, ...fine, problems })
  })

  it('tells of a change that was not ended, which is no problem', async () => {
    const change = { generation: 3, command: 'retract', reason: 'asked to', files: 12, done: 5 }
    const { stdout, deps } = called({ ...fine, change })
    expect(await verifyCommand(call, deps)).toBe(0)
    expect(stdout.text()).toContain(
      'generation 3, retract (asked to), is under way: 5 of 12 files are done; the same command ends it\n',
    )
  })

  it('on a terminal redraws one line and takes it away', async () => {
    const { stderr, deps } = called(fine, true)
    await verifyCommand(call, deps)
    expect(stderr.text()).toBe(
      '\r\u001b[Kverify  ###............    301 / 1,204 pairs  1 / 4 shards\r\u001b[K',
    )
  })

  it('of a folder with nothing committed is not a success', async () => {
    const { stdout, deps } = called({
      problems: [],
      shards: 0,
      samples: 0,
      rows: 0,
      pages: 0,
      underWay: [],
      change: null,
      isCopy: false,
    })
    expect(await verifyCommand(call, deps)).toBe(1)
    expect(stdout.text()).toBe('/data: nothing is committed here\n')
  })

  it('of no folder at all is none either, as for status', async () => {
    const { stderr, deps } = called(fine)
    expect(await verifyCommand({ ...call, dir: '/nowhere' }, deps)).toBe(1)
    expect(stderr.text()).toBe('pairmill: /nowhere holds no dataset: there is no such folder\n')
  })
})

describe('the progress of a verification', () => {
  const at = (atMs: number, samples: number): VerifyMoment => ({
    ...{ atMs, samples, done: 1, total: 4, samplesTotal: 1204 },
  })

  it('tells the time that is left by the rate, and not in the first seconds', () => {
    expect(verifyLeftMs([at(0, 0), at(10_000, 301)])).toBe(30_000)
    expect(verifyLeftMs([at(0, 0), at(4_000, 301)])).toBeNull()
    expect(verifyLeftMs([at(0, 301), at(10_000, 301)])).toBeNull()
    expect(verifyLeftMs([at(0, 0), at(10_000, 1204)])).toBeNull()
    expect(verifyLeftMs([])).toBeNull()
  })

  it('is one line that fits, with a bar where there is room', () => {
    const moments = [at(0, 0), at(10_000, 301)]
    const text = '301 / 1,204 pairs  1 / 4 shards  about 30s left'
    expect(verifyLine(moments, null)).toBe(`verify  ${text}`)
    const terminal = (columns: number) => verifyLine(moments, { columns, color: false, unicode: false })
    expect(terminal(80)).toBe(`verify  ###............    ${text}`)
    expect(verifyLine(moments.slice(1), { columns: 80, color: false, unicode: false })).toBe(
      'verify  ###............    301 / 1,204 pairs  1 / 4 shards',
    )
    expect(terminal(40)).toBe(`verify    ${text}`.slice(0, 39))
    for (let columns = 0; columns < 120; columns++) {
      expect(terminal(columns).length).toBeLessThanOrEqual(Math.max(0, columns - 1))
    }
  })
})
