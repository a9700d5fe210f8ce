import { describe, expect, it } from 'vitest'
import type { ReportAnew } from '../../../src/cli/report-anew.js'
import { type RetractCall, type RetractDeps, retractCommand } from '../../../src/cli/retract.js'
import type { Held, ReportPage, RetractReport } from '../../../src/retract/index.js'
import { paper } from '../../fixtures/cli/output.js'

const call: RetractCall = {
  ...{ place: 'my set', files: [], reason: 'asked to', isDryRun: false, backend: null, json: false },
  values: { host: ['bad.example'], page: [], url: [], sha256: [], phash: [], uid: [] },
}

const done: RetractReport = {
  ...{ kind: 'retracted', isDryRun: false, completed: null, generation: 2, bytes: 1_000, state: null },
  counts: { samples: 4, rejected: 1, pictures: 0, pages: 2, mended: 0 },
  rewritten: { shards: 1, ofShards: 3, pageFiles: 1 },
  reportPage: 'none',
}

/** `pairmill retract` of a dataset whose report becomes what is given. */
async function retracted(
  reportPage: ReportPage,
  anew: ReportAnew,
  { json = false, text = null }: { readonly json?: boolean; readonly text?: string | null } = {},
) {
  const [stdout, stderr] = [paper(), paper()]
  const order: string[] = []
  let named = 0
  const deps: RetractDeps = {
    where: { place: '/data/my set', backend: null, s3: { endpoint: null, region: null, pathStyle: null } },
    readText: async () => text ?? '',
    hold: async () => ({ kind: 'held', close: async () => void order.push('let go') }) as unknown as Held,
    retract: async (_, wish) => {
      named = wish.named.length
      order.push('taken back')
      return { ...done, reportPage }
    },
    setReportAside: async () => reportPage,
    writeReportAnew: async () => {
      order.push('written anew')
      return anew
    },
    ...{ stdout, stderr, clock: { now: () => 0, every: () => () => {} } },
  }
  const code = await retractCommand({ ...call, json, files: text === null ? [] : ['list'] }, deps)
  return { code, order, named, stdout: stdout.text(), stderr: stderr.text() }
}

describe('the report of a dataset of which something was taken back', () => {
  const written: ReportAnew = { kind: 'written', bytes: 2_400_000 }

  it('is written anew behind the change, while nobody else may write', async () => {
    const { code, order, stdout } = await retracted('aside', written)
    expect({ code, order }).toEqual({ code: 0, order: ['taken back', 'written anew', 'let go'] })
    expect(stdout).toContain('4 pairs, 1 rejected row, 2 pages are taken back')
    expect(stdout).toContain('report.html is written anew, 2.4 MB\n')
  })

  it('is not made where there was none', async () => {
    const { order, stdout } = await retracted('none', written)
    expect(order).toEqual(['taken back', 'let go'])
    expect(stdout).not.toContain('report.html')
  })

  it('is not made in the place of a page that is none, which is told', async () => {
    const { code, order, stdout } = await retracted('foreign', written)
    expect({ code, order }).toEqual({ code: 0, order: ['taken back', 'let go'] })
    expect(stdout).toContain('report.html is no report of pairmill, and was left alone')
  })

  it('undoes nothing where it cannot be written, and says why and what writes it', async () => {
    const { code, stdout } = await retracted('aside', { kind: 'not-written', why: 'ENOSPC: no space left' })
    expect(code).toBe(0)
    expect(stdout).toContain('4 pairs, 1 rejected row, 2 pages are taken back')
    expect(stdout).toContain('could not be written anew: ENOSPC: no space left')
    expect(stdout).toContain("pairmill report '/data/my set'")
  })

  it('stands in the JSON', async () => {
    const { stdout } = await retracted('aside', written, { json: true })
    expect(JSON.parse(stdout)).toMatchObject({ generation: 2, report: written })
    expect(JSON.parse((await retracted('none', written, { json: true })).stdout)).toMatchObject({
      report: { kind: 'none' },
    })
  })
})

describe('a list of what is taken back', () => {
  const lines = (count: number) =>
    Array.from({ length: count }, (_, n) => `uid:${n.toString(16).padStart(32, '0')}`).join('\n')
  const listed = (text: string) => retracted('none', { kind: 'written', bytes: 1 }, { text })

  it('may have any number of lines', async () => {
    const { code, named } = await listed(lines(200_000))
    expect({ code, named }).toEqual({ code: 0, named: 200_001 })
  })

  it('is announced where it takes a while', async () => {
    expect((await listed(lines(10))).stderr).toBe('')
    expect((await listed(`# ${'-'.repeat(16_000_000)}`)).stderr).toContain(
      '--file list: 16.0 MB are read and hashed',
    )
  })
})
