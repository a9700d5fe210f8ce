import { describe, expect, it } from 'vitest'
import { scoreHistogram } from '../../../src/cli/histogram.js'

const ascii = { barColumns: 10, unicode: false }

describe('the score histogram', () => {
  it('has a line for every bin, marks the threshold, and draws what is kept solid', () => {
    const counters = { 'score:0.24': 20, 'score:0.26': 4, 'score:0.30': 10, 'score:0.32': 1 }
    expect(scoreHistogram(counters, 0.28, ascii)).toEqual([
      '   0.24  20  ----------',
      '   0.26   4  --',
      '   0.28   0    <- threshold 0.28',
      '   0.30  10  #####',
      '   0.32   1  #',
    ])
  })

  it('marks a threshold that lies within a bin or outside all scores', () => {
    expect(scoreHistogram({ 'score:0.24': 1 }, 0.25, ascii)).toEqual([
      '   0.24  1  ##########  <- threshold 0.25',
    ])
    expect(scoreHistogram({ 'score:0.24': 1 }, 0.28, ascii).at(-1)).toContain('0.28  0    <- threshold 0.28')
  })

  it('takes every bin as kept where there is no threshold, below zero too', () => {
    expect(scoreHistogram({ 'score:-0.04': 1, 'score:-0.02': 2, 'score:0.00': 1 }, null, ascii)).toEqual([
      '  -0.04  1  #####',
      '  -0.02  2  ##########',
      '   0.00  1  #####',
    ])
  })

  it('has at most twenty lines: neighbours share one, and the threshold begins a line', () => {
    const bins = Array.from({ length: 97 }, (_, bin) => [`score:${((bin - 48) * 0.02).toFixed(2)}`, 1])
    const lines = scoreHistogram(Object.fromEntries(bins), 0.27, ascii)
    expect(lines).toHaveLength(17)
    expect(lines[0]).toBe('  -1.06  1  --')
    expect(lines.filter((line) => line.includes('threshold'))).toEqual([
      '   0.26  6  ##########  <- threshold 0.27',
    ])
    expect(lines[lines.findIndex((line) => line.includes('threshold')) - 1]).toBe('   0.14  6  ----------')
    const counted = lines.map((line) => Number(line.trim().split(/ +/)[1]))
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(97)
  })

  it('stays so where the threshold lies far from all scores', () => {
    expect(scoreHistogram({ 'score:0.24': 1 }, -1, ascii).length).toBeLessThanOrEqual(20)
  })

  it('is empty without scores', () => {
    expect(scoreHistogram({ pages: 3 }, 0.28, ascii)).toEqual([])
  })
})
