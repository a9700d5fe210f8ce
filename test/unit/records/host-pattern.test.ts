import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalPattern, patternsOf } from '../../../src/records/index.js'
import { runs } from '../../fixtures/runs.js'

describe('a host pattern', () => {
  it.each([
    ['example.org', 'example.org'],
    ['Example.ORG', 'example.org'],
    ['example.org.', 'example.org'],
    ['*.example.org', '*.example.org'],
    ['*.Bücher.example', '*.xn--bcher-kva.example'],
    ['localhost', 'localhost'],
    ['127.0.0.1', '127.0.0.1'],
    ['[::1]', '[::1]'],
  ])('%s is known as %s', (given, pattern) => {
    expect(canonicalPattern(given)).toBe(pattern)
  })

  it.each([
    '',
    '*',
    '*.',
    '.',
    '**.org',
    'a.*.org',
    'www*.org',
    '*.127.0.0.1',
    'https://example.org',
    'example.org:8080',
    'example.org/path',
    'me@example.org',
    'a b.org',
    ' example.org',
    '*.*.org',
    'example.org?x',
    '[::1',
    '[::1]:80',
  ])('%j is none', (given) => {
    expect(canonicalPattern(given)).toBeNull()
  })

  it('fits a host by itself first, then by each domain around it', () => {
    expect(patternsOf('a.b.example.org')).toEqual([
      'a.b.example.org',
      '*.b.example.org',
      '*.example.org',
      '*.org',
    ])
    expect(patternsOf('localhost')).toEqual(['localhost'])
    expect(patternsOf('10.0.0.1')).toEqual(['10.0.0.1'])
    expect(patternsOf('[::1]')).toEqual(['[::1]'])
  })

  it('stays as it is once it is canonical, and fits the host that it names', () => {
    fc.assert(
      fc.property(fc.domain(), fc.boolean(), (domain, isBelow) => {
        const pattern = canonicalPattern(isBelow ? `*.${domain}` : domain)
        expect(pattern).not.toBeNull()
        expect(canonicalPattern(pattern!)).toBe(pattern)
        expect(patternsOf(isBelow ? `www.${domain.toLowerCase()}` : domain.toLowerCase())).toContain(pattern)
      }),
      { numRuns: runs.line },
    )
  })
})
