import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapedHtml, htmlDocument, jsonInHtml, policyOf } from '../../../src/report/document.js'
import { emptyReport } from '../../fixtures/report/report-data.js'
import { runs } from '../../fixtures/runs.js'

const parts = { script: 'document.title = "a & b"', style: 'p { color: red }' }
const digestOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

describe('the document of a report', () => {
  const html = htmlDocument({ report: emptyReport, explorer: null }, parts, policyOf(parts))

  it('allows its own script and style, and loads nothing', () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? ''
    const said = policy.replaceAll('&#39;', "'").split('; ')
    const [, script] = /<script>([\s\S]*?)<\/script>/.exec(html) ?? []
    const [, style] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? []
    expect(said).toEqual([
      "default-src 'none'",
      `script-src ${digestOf(script ?? '')}`,
      `style-src ${digestOf(style ?? '')}`,
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
    ])
  })

  it('has no attribute of an event, and one script that runs', () => {
    expect(html).not.toMatch(/<[^>]*\son\w+=/i)
    expect(html.match(/<script\b/g)).toHaveLength(2)
    expect(html).toContain('<script type="application/json" id="data">')
  })

  it('says its policy before anything that it is about', () => {
    expect(html.indexOf('Content-Security-Policy')).toBeLessThan(html.indexOf('<style>'))
  })

  it('leaves the policy to a server that says it in a header', () => {
    const served = htmlDocument({ report: null, explorer: { api: '/api', hasRun: false } }, parts, null)
    expect(served).not.toContain('Content-Security-Policy')
    expect(policyOf(parts, ["connect-src 'self'"])).toMatch(/; connect-src 'self'$/)
  })

  it('gives the page its data as they are, whatever stands in them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (place) => {
        const report = { ...emptyReport, dataset: { ...emptyReport.dataset, place } }
        const text = htmlDocument({ report, explorer: null }, parts, policyOf(parts))
        const data = text.slice(text.indexOf('id="data">') + 10, text.lastIndexOf('</script>\n<script>'))
        expect(JSON.parse(data).report.dataset.place).toBe(place)
      }),
      { numRuns: runs.text },
    )
  })
})

describe('JSON between tags', () => {
  it('never holds what a tag or a comment begins with', () => {
    for (const text of ['</script><script>alert(1)</script>', '<!-- <script>', ']]><x>'])
      expect(jsonInHtml({ text })).not.toContain('<')
  })
})

describe('a text in HTML', () => {
  it('ends neither a tag nor an attribute, and has no characters without a look', () => {
    expect(escapedHtml('a<b>"c\'&d\u202e\u0000\ud800e')).toBe('a&lt;b&gt;&quot;c&#39;&amp;d   e')
  })
})
