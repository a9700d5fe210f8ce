import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Figures, type Standing } from '../../../../src/report/explore/figures.js'
import type { ReportData } from '../../../../src/report/page-data.js'
import type { NotShown } from '../../../../src/report/report.js'
import { emptyReport } from '../../../fixtures/report/report-data.js'

interface Reading {
  onStep(step: string): void
  readonly signal: AbortSignal
  end(read: ReportData | NotShown): void
  fail(error: Error): void
}

/** Figures of a dataset, whose readings end when the test says so. */
function figuresOf(standing: { -readonly [name in keyof Standing]: number }) {
  const readings: Reading[] = []
  const figures = new Figures({
    standing: () => ({ ...standing }),
    read: (onStep, signal) =>
      new Promise((end, fail) => {
        readings.push({ onStep, signal, end, fail })
        signal.addEventListener('abort', () => fail(new Error('given up')))
      }),
  })
  return { figures, readings }
}

const reportOf = (run: string): ReportData => ({
  ...emptyReport,
  dataset: { ...emptyReport.dataset, run },
})

/** An answer when its patience is at its end. */
async function lookedLong(figures: Figures) {
  const looked = figures.look()
  await vi.advanceTimersByTimeAsync(1_000)
  return await looked
}

describe('the figures of an explorer', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('are made once, however many ask, and tell meanwhile how far they are', async () => {
    const { figures, readings } = figuresOf({ version: 1, takings: 0 })
    const [first, second] = [lookedLong(figures), lookedLong(figures)]
    readings[0]?.onStep('words')
    expect(await first).toEqual({ kind: 'making', step: 'words' })
    expect(await second).toEqual({ kind: 'making', step: 'words' })
    const waiting = figures.look()
    readings[0]?.end(reportOf('one'))
    expect(await waiting).toEqual({ kind: 'made', report: reportOf('one') })
    expect(await figures.look()).toEqual({ kind: 'made', report: reportOf('one') })
    expect(readings).toHaveLength(1)
  })

  it('are made anew when something came, but not begun again meanwhile', async () => {
    const standing = { version: 1, takings: 0 }
    const { figures, readings } = figuresOf(standing)
    await lookedLong(figures)
    standing.version = 2
    const waiting = figures.look()
    readings[0]?.end(reportOf('one'))
    expect(await waiting).toEqual({ kind: 'made', report: reportOf('one') })
    const next = figures.look()
    readings[1]?.end(reportOf('two'))
    expect(await next).toEqual({ kind: 'made', report: reportOf('two') })
    expect(readings).toHaveLength(2)
  })

  it('are given up and made anew when something was taken back', async () => {
    const standing = { version: 1, takings: 0 }
    const { figures, readings } = figuresOf(standing)
    const before = figures.look()
    readings[0]?.end(reportOf('one'))
    expect(await before).toMatchObject({ kind: 'made' })
    standing.takings = 1
    expect(await lookedLong(figures)).toMatchObject({ kind: 'making' })
    const early = figures.look()
    standing.takings = 2
    expect(await lookedLong(figures)).toMatchObject({ kind: 'making' })
    expect(await early).toMatchObject({ kind: 'making' })
    expect(readings.map(({ signal }) => signal.aborted)).toEqual([false, true, false])
    const waiting = figures.look()
    await vi.advanceTimersByTimeAsync(0)
    standing.takings = 3
    readings[2]?.end(reportOf('with what was taken back'))
    expect(await waiting).toMatchObject({ kind: 'making' })
  })

  it('that fail, or cannot be shown now, are tried again by who asks next', async () => {
    const { figures, readings } = figuresOf({ version: 1, takings: 0 })
    await lookedLong(figures)
    readings[0]?.fail(new Error('the disk is full'))
    await expect(figures.look()).rejects.toThrow('the disk is full')
    const notShown: NotShown = { kind: 'not-shown', message: 'a change is under way' }
    const second = figures.look()
    readings[1]?.end(notShown)
    expect(await second).toEqual(notShown)
    const third = figures.look()
    readings[2]?.end(reportOf('one'))
    expect(await third).toMatchObject({ kind: 'made' })
  })

  it('are given up with the explorer', async () => {
    const { figures, readings } = figuresOf({ version: 1, takings: 0 })
    await lookedLong(figures)
    await figures.close()
    expect(readings[0]?.signal.aborted).toBe(true)
  })
})
