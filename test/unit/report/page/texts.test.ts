import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { curateCommand, whereOf } from '../../../../src/report/page/curate-command.js'
import { formatBytes, formatFigure, formatShare, formatTime } from '../../../../src/report/page/figures.js'
import { mostCharacters, visible, webLink } from '../../../../src/report/page/visible.js'
import { runs } from '../../../fixtures/runs.js'

describe('a hostile text', () => {
  it('shows what has no look of its own', () => {
    expect(visible('a\u202eb\u0000c\u001b[31m\u007f\n')).toBe('a‹U+202E›b␀c␛[31m␡␊')
    expect(visible('\ud800')).toBe('‹U+D800›')
  })

  it('keeps what belongs to a word or an emoji', () => {
    expect(visible('👨‍👩‍👧 ❤️ नमस्ते שלום')).toBe('👨‍👩‍👧 ❤️ नमस्ते שלום')
  })

  it('steers nothing, and is never much longer than what is asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const shown = visible(text)
        expect(shown).not.toMatch(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/u)
        expect(Array.from(shown).length).toBeLessThanOrEqual(11 * mostCharacters + 1)
      }),
      { numRuns: runs.text },
    )
  })

  it('is cut where it is long', () => {
    expect(visible('x'.repeat(1_000_000))).toBe(`${'x'.repeat(mostCharacters)}…`)
    expect(visible('abc', 3)).toBe('abc')
    expect(visible('abcd', 3)).toBe('abc…')
  })
})

describe('an address', () => {
  it('is no link where it is longer than any that a browser takes', () => {
    expect(webLink(`https://a.test/${'x'.repeat(5_000)}`)).toBeNull()
  })

  it('is followed where it is one of the web', () => {
    expect(webLink('https://a.test/ü?q=1')).toBe('https://a.test/%C3%BC?q=1')
    expect(webLink('http://a.test/')).toBe('http://a.test/')
  })

  it.each([
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)',
    'JAVASCRIPT:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://a.test/1',
    '//a.test/',
    'a.test',
    'https://a.test/cut …',
  ])('is no link where it is %j', (address) => {
    expect(webLink(address)).toBeNull()
  })
})

describe('the command of a threshold', () => {
  it('keeps what the page counts', () => {
    expect(curateCommand('my-dataset/', { kind: 'all', name: null }, 28)).toBe(
      "pairmill curate my-dataset/ --where 'clip_score >= 0.28' --out my-dataset-0.28",
    )
    expect(curateCommand('s3://pairs/birds', { kind: 'language', name: 'de' }, 30)).toBe(
      `pairmill curate s3://pairs/birds --where 'clip_score >= 0.30 and language = '\\''de'\\''' --out s3://pairs/birds-0.30`,
    )
  })

  it('ends no quotes, whatever a dataset calls its languages and sources', () => {
    expect(whereOf({ kind: 'language', name: "x' or 1=1 --" }, 5)).toBe(
      "clip_score >= 0.05 and language = 'x'' or 1=1 --'",
    )
    expect(whereOf({ kind: 'source', name: null }, -5)).toMatch(/^clip_score >= -0\.05 and .* is null$/)
    expect(curateCommand('$(id)', { kind: 'all', name: null }, 1)).toContain("curate '$(id)' ")
  })
})

describe('figures', () => {
  it('have units and thousands', () => {
    expect([formatBytes(999), formatBytes(25_884_160), formatBytes(1.2e12)]).toEqual([
      '999 B',
      '25.9 MB',
      '1.2 TB',
    ])
    expect([formatFigure(1234), formatFigure(1.3333), formatFigure(0.1 + 0.2)]).toEqual([
      '1,234',
      '1.33',
      '0.3',
    ])
  })

  it('do not round to all, nor to nothing', () => {
    expect([
      formatShare(1, 100_000),
      formatShare(99_999, 100_000),
      formatShare(0, 5),
      formatShare(1, 0),
    ]).toEqual(['<0.1 %', '>99.9 %', '0.0 %', ''])
  })

  it('are times in UTC', () => {
    expect(formatTime('2026-11-30T00:50:55.008Z')).toBe('30 Nov 2026, 00:50 UTC')
    expect(formatTime('soon')).toBe('soon')
  })
})
