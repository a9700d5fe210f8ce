import { describe, expect, it } from 'vitest'
import { patternError, patternMatches } from '../../../src/records/index.js'

describe('a pattern', () => {
  it.each([
    ['*/img/*', 'http://h.test/img/a', true],
    ['http://h.test/img', 'http://h.test/img/a', false],
    ['http://h.test/?', 'http://h.test/a', true],
    ['*.jp?g', 'http://h.test/a.jpeg', true],
    ['*', 'http://h.test/', true],
    ['/\\/\\d+$/', 'http://h.test/123', true],
    ['/\\/\\d+$/', 'http://h.test/123a', false],
  ])('%s on %s: %s', (pattern, url, expected) => {
    expect(patternMatches(pattern, url)).toBe(expected)
  })

  it('takes little time however many stars it has', () => {
    const start = performance.now()
    expect(patternMatches(`${'*a'.repeat(50)}*b`, `http://h.test/${'a'.repeat(4000)}`)).toBe(false)
    expect(performance.now() - start).toBeLessThan(1000)
  })

  it('says what is wrong with it', () => {
    expect(patternError('*x*')).toBeNull()
    expect(patternError('/a+/')).toBeNull()
    expect(patternError('/(/')).toMatch(/group/i)
    expect(patternError('')).toMatch(/empty/)
  })
})
