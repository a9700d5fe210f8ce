import { describe, expect, it } from 'vitest'
import { type ReportCall, type ReportDeps, reportCommand } from '../../../src/cli/report.js'
import type { MissingDuckdb, Tables } from '../../../src/query/index.js'
import { paper } from '../../fixtures/cli/output.js'
import { emptyReport } from '../../fixtures/report/report-data.js'

const call: ReportCall = {
  dir: '/data/my set',
  place: 'my set',
  out: '/data/my set/report.html',
  progress: null,
}

/** Tables of which only is asked whether something is committed. */
const tables = (entries: number) =>
  ({ committed: [{ entries: Array(entries), pages: [] }], close: async () => {} }) as unknown as Tables

async function reported(changes: Partial<ReportDeps> = {}, over: Partial<ReportCall> = {}) {
  const [stdout, stderr] = [paper(), paper()]
  const written: [string, string][] = []
  const code = await reportCommand(
    { ...call, ...over },
    {
      ...{
        stdout,
        stderr,
        redraw: false,
        clock: { now: () => 0, every: () => () => {} },
        isPlace: () => true,
      },
      open: async () => tables(1),
      read: async () => emptyReport,
      placeProblem: async () => null,
      documentOf: async () => '<!doctype html>',
      write: async (path, html) => {
        written.push([path, html])
        return null
      },
      ...changes,
    },
  )
  return { code, stdout: stdout.text(), stderr: stderr.text(), written }
}

describe('pairmill report', () => {
  it('writes one file and says where, as a shell takes it', async () => {
    const { code, stdout, written } = await reported()
    expect(code).toBe(0)
    expect(written).toEqual([['/data/my set/report.html', '<!doctype html>']])
    expect(stdout).toBe("The report is written, 15 B. Open it in a browser:\n  '/data/my set/report.html'\n")
  })

  it('asks for a file where the dataset is on S3', async () => {
    const { code, stderr, written } = await reported({}, { dir: 's3://pairs/birds', out: null })
    expect({ code, written }).toEqual({ code: 2, written: [] })
    expect(stderr).toContain('s3://pairs/birds is on S3')
    expect(stderr).toContain('--out FILE')
  })

  it('leaves a file of somebody else alone', async () => {
    const { code, stderr, written } = await reported({ placeProblem: async () => ({ kind: 'foreign' }) })
    expect({ code, written }).toEqual({ code: 2, written: [] })
    expect(stderr).toContain('is no report of pairmill')
  })

  it('says why it cannot be written', async () => {
    const { code, stderr } = await reported({ write: async () => ({ kind: 'problem', why: 'EACCES' }) })
    expect(code).toBe(1)
    expect(stderr).toContain('/data/my set/report.html cannot be written: EACCES')
  })

  it('says why a dataset cannot be shown now', async () => {
    const { code, stderr, written } = await reported({
      read: async () => ({ kind: 'not-shown', message: 'generation 3, retract, is under way' }),
    })
    expect({ code, written }).toEqual({ code: 1, written: [] })
    expect(stderr).toContain('generation 3, retract, is under way')
  })

  it('names what installs DuckDB where it is missing', async () => {
    const missing: MissingDuckdb = {
      kind: 'missing-duckdb',
      message: 'this needs DuckDB; install it with: npm',
    }
    const { code, stderr } = await reported({ open: async () => missing })
    expect(code).toBe(1)
    expect(stderr).toContain('this needs DuckDB')
  })

  it('says that nothing is committed yet', async () => {
    const { code, stderr } = await reported({ open: async () => tables(0) })
    expect(code).toBe(1)
    expect(stderr).toContain('nothing is committed in /data/my set yet')
  })
})
