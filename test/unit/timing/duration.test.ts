import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from '../../../src/timing/index.js'

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    [' 2s ', 2000],
  ])('%s is %d ms', (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs)
  })

  it.each(['', '30', 's', '30 s', '-5s', '1h 30m', '10x', '1e3s', 'Infinitys'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeNull()
  })

  it.each([
    [0, '0ms'],
    [350, '350ms'],
    [1000, '1s'],
    [74_000, '1m 14s'],
    [3_600_000, '1h'],
    [3_840_000, '1h 4m'],
    [90_061_000, '1d 1h'],
  ])('%d ms is written %s', (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text)
  })
})
