import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Named, tombstonesOf } from '../../../src/retract/named.js'
import { unrestOf } from '../../../src/retract/rest.js'
import { rulesOf } from '../../../src/retract/rules.js'
import { linesWithout, statusWithout } from '../../../src/retract/state.js'
import { runs } from '../../fixtures/runs.js'

const rulesFor = (...named: Named[]) => rulesOf(tombstonesOf(named))
const badHost: Named = { kind: 'host', value: 'bad.example' }
const row = {
  ...{ url: 'https://img.example/1.jpg', page_url: 'https://page.example/', sha256: 'ab'.repeat(32) },
  ...{ uid: 'ab'.repeat(16), phash: '0123456789abcdef', licence_url: null, error_detail: null },
}

describe('a row', () => {
  const { rows } = rulesFor(badHost)

  it.each([
    ['page', { page_url: 'https://bad.example/a' }],
    ['page on another port', { page_url: 'http://bad.example:8080/a' }],
    ['image', { url: 'https://bad.example/1.jpg' }],
  ])('goes with the host of its %s', (_, changes) => {
    expect(rows.retouch({ ...row, ...changes })).toBe(null)
  })

  it.each([
    ['below the host', { page_url: 'https://www.bad.example/' }],
    ['whose name ends so', { page_url: 'https://notbad.example/' }],
    ['whose path says so', { page_url: 'https://page.example/bad.example' }],
    ['without a page', { page_url: null }],
    ['whose caption says so', { caption: 'see https://bad.example/' }],
  ])('stays as it is %s', (_, changes) => {
    const other = { ...row, ...changes }
    expect(rows.retouch(other)).toBe(other)
  })

  it.each([
    ['licence_url', 'https://bad.example/licence'],
    ['licence_url', 'https://bad.example:8443/licence'],
    ['error_detail', 'redirected to http://bad.example/x, which did not answer'],
    ['error_detail', 'no address of bad.example.'],
  ])('loses its %s where that names the host: %s', (field, text) => {
    expect(rows.retouch({ ...row, [field]: text })).toEqual({ ...row, [field]: null })
  })

  it('loses what a site wrote of a permission, and not the permission', () => {
    const permission = {
      rule: 'tdm',
      value: 'https://bad.example/policy',
      source: 'header',
      checked_at: 'now',
    }
    const after = rows.retouch({ ...row, permission })
    expect(after).toEqual({ ...row, permission: { ...permission, value: null } })
  })

  it('is left alone by what was left of it: a rule asked again changes nothing', () => {
    const text = fc.constantFrom(
      ...[
        null,
        'https://bad.example/a',
        'https://good.example/',
        'bad.example',
        'nothing',
        'https://a.bad.example',
      ],
    )
    const rules = rulesFor(badHost, { kind: 'url', value: 'https://good.example/' })
    const records = fc.record({ url: text, page_url: text, licence_url: text, error_detail: text })
    fc.assert(
      fc.property(records, (record) => {
        const once = rules.rows.retouch(record)
        if (once !== null) expect(rules.rows.retouch(once)).toBe(once)
      }),
      { numRuns: runs.line },
    )
  })

  it.each([
    ['sha256', row.sha256],
    ['uid', row.uid],
    ['phash', row.phash],
    ['url', row.url],
    ['page', row.page_url],
  ] as const)('goes by its %s, and no other goes', (kind, value) => {
    const rules = rulesFor({ kind, value })
    expect(rules.rows.retouch(row)).toBe(null)
    const other = {
      url: 'https://a.example/',
      page_url: null,
      sha256: 'cd'.repeat(32),
      uid: null,
      phash: 'f'.repeat(16),
    }
    expect(rules.rows.retouch(other)).toBe(other)
  })

  it('is looked at in the columns that the rule asks for', () => {
    expect(rulesFor({ kind: 'sha256', value: row.sha256 }).rows.columns).toEqual(['sha256'])
    expect(rulesFor({ kind: 'phash', value: row.phash }).rows.columns).toEqual(['phash'])
    expect(rulesFor(badHost).rows.columns).toContain('licence_url')
  })
})

describe('a page', () => {
  it('goes by itself and by where it led, and loses a detail that names the host', () => {
    const { pages } = rulesFor(badHost)
    const page = {
      url: 'https://good.example/',
      redirect_to: null,
      detail: null,
      value: null,
      images_value: null,
    }
    expect(pages.retouch({ ...page, url: 'https://bad.example/' })).toBe(null)
    expect(pages.retouch({ ...page, redirect_to: 'https://bad.example/' })).toBe(null)
    expect(pages.retouch(page)).toBe(page)
    expect(pages.retouch({ ...page, detail: 'to bad.example' })).toEqual(page)
  })
})

describe('a run', () => {
  const nothing = { batchesOpen: 0, batchesLeased: 0, pagesLeased: 0, unplannedRows: 0, plansOpen: 0 }

  it('is at rest when it ended, whatever it may not begin any more', () => {
    expect(unrestOf({ ended: 'max-pairs' }, { ...nothing, batchesOpen: 3 })).toBe(null)
    expect(unrestOf({ ended: null }, nothing)).toBe(null)
  })

  it.each([
    ['batchesOpen', 'batches to judge (2)'],
    ['pagesLeased', 'pages under way (2)'],
    ['unplannedRows', 'rows that no plan has (2)'],
    ['plansOpen', 'plans to carry out (2)'],
  ] as const)('is not with %s', (name, said) => {
    expect(unrestOf({ ended: null }, { ...nothing, [name]: 2 })).toBe(said)
  })
})

describe('what a run keeps of itself', () => {
  const rules = rulesFor(badHost)

  it('names the host no more in its status', () => {
    const status = {
      v: 1,
      hosts: [{ host: 'bad.example:80' }, { host: 'good.example' }],
      note: 'at bad.example',
    }
    const left = JSON.parse(statusWithout(JSON.stringify(status), rules))
    expect(left).toEqual({ v: 1, hosts: [{ host: 'good.example' }], note: null })
  })

  it.each(['', 'no json', '[]', '{"hosts": 3}', '{"hosts": [{"host": "good.example"}]}'])(
    'stays as it is where it does not: %s',
    (text) => expect(statusWithout(text, rules)).toBe(text),
  )

  it('loses lines that name it', () => {
    const lines = '{"detail":"https://bad.example/"}\n{"detail":null}\n'
    expect(linesWithout(lines, rules)).toBe('{"detail":null}\n')
  })
})
