import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  aiTxtRefusal,
  parseTdmRules,
  robotsUsageRefusal,
  tdmRefusal,
} from '../../../../src/crawl/permission/index.js'
import { parseRobots } from '../../../../src/crawl/robots/index.js'
import { optOuts } from '../../../../src/records/index.js'
import { runs } from '../../../fixtures/runs.js'

const all = new Set(optOuts)
const usage = (body: string, path: string, obeyed: ReadonlySet<(typeof optOuts)[number]> = all) =>
  robotsUsageRefusal(parseRobots(body, 'pairmill'), `http://h.test${path}`, obeyed)

describe('the use of a site’s content, in its robots.txt', () => {
  it.each<[string, string, boolean]>([
    ['User-agent: *\nContent-Usage: train-ai=n', '/x', true],
    ['User-agent: *\nContent-Usage: train-ai=y', '/x', false],
    ['User-agent: *\nContent-Usage: train-ai=n\nContent-Usage: /ok/ train-ai=y', '/ok/x', false],
    ['User-agent: *\nContent-Usage: train-ai=n\nContent-Usage: /ok/ train-ai=y', '/other', true],
    ['User-agent: *\nContent-Usage: /art/ train-ai=n', '/art/x', true],
    ['User-agent: *\nContent-Usage: /art/ train-ai=n', '/x', false],
    ['User-agent: *\nContent-Usage: /*.jpg$ train-ai=n', '/x.jpg', true],
    ['User-agent: *\nContent-Usage: / train-ai=y\nContent-Usage: / train-ai=n', '/x', true],
    ['User-agent: *\nContent-Usage: train-ai=n\nContent-Usage: /ok/ search=y', '/ok/x', true],
    ['User-agent: otherbot\nContent-Usage: train-ai=n', '/x', false],
    ['User-agent: *\nContent-Usage: train-ai=n\nAllow: /\n\nUser-agent: pairmill\nDisallow:', '/x', false],
    ['User-agent: pairmill\nUser-agent: b\nContent-Usage: train-ai=n', '/x', true],
    ['Content-Signal: ai-train=no\nUser-agent: otherbot\nDisallow: /', '/x', true],
    ['User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /', '/x', true],
    ['User-agent: *\nContent-signal: search=yes, ai-train=yes', '/x', false],
    ['User-agent: *\nContent-Signal: search=yes,ai-input=no', '/x', false],
    ['User-agent: *\nContent-Signal: ai-train=no # thanks', '/x', true],
    ['User-agent: *\n# Content-Signal: ai-train=no', '/x', false],
    ['User-agent: *\nContent-Signal: ai-train', '/x', false],
    ['User-agent: *\nContent-Signal:', '/x', false],
  ])('%j forbids %s: %s', (body, path, forbidden) => {
    expect(usage(body, path) !== null).toBe(forbidden)
  })

  it('is judged once, when the file is read: half a megabyte of lines is no dearer to ask than one', () => {
    const lines = (n: number, line: (i: number) => string) =>
      `User-agent: *\n${Array.from({ length: n }, (_, i) => line(i)).join('\n')}`
    const size = (body: string) => parseRobots(body, 'pairmill').usage.aipref
    expect(size(lines(24_000, () => 'content-usage:/* a=b')).plain.size).toBe(0)
    expect(size(lines(24_000, (i) => `content-usage:/*${i} search=n`)).wild).toHaveLength(0)
    expect(size(lines(24_000, () => 'content-usage:/*x train-ai=n')).wild).toHaveLength(1)
    const items = `${'a=b,'.repeat(120_000)}train-ai=n`
    expect(usage(`User-agent: *\nContent-Usage: ${items}`, '/x')?.rule).toBe('aipref')
  })

  it('is a no where more lines speak of training than are looked at', () => {
    const body = Array.from({ length: 2_001 }, (_, i) => `Content-Usage: /*b${i} train-ai=y`).join('\n')
    expect(usage(body, '/x')).toEqual({ rule: 'aipref', value: 'too many rules', source: 'robots.txt' })
    expect(usage(body, '/x', new Set(['content-signal']))).toBeNull()
  })

  it('is read in one pass, whatever stands between path and words', () => {
    const startedAt = process.cpuUsage().user
    expect(usage(`User-agent: *\nContent-Usage: /${' '.repeat(450_000)}x\u2028y`, '/x')).toBeNull()
    expect(usage(`User-agent: *\nContent-Usage: /${' '.repeat(450_000)}train-ai=n`, '/x')).not.toBeNull()
    // Backtracking would take a minute; this is the work of one pass, on any machine.
    expect(process.cpuUsage().user - startedAt).toBeLessThan(5_000_000)
  })

  it('is said as it is written, and counts for nothing where its opt-out is ignored', () => {
    const body = 'User-agent: *\nContent-Signal: search=yes, ai-train=no'
    const said = { rule: 'content-signal', value: 'search=yes, ai-train=no', source: 'robots.txt' }
    expect(usage(body, '/x')).toEqual(said)
    expect(usage(body, '/x', new Set(['aipref']))).toBeNull()
    expect(usage(body, '/x', new Set(['content-signal']))).toEqual(said)
  })
})

describe('a tdmrep.json', () => {
  const forbids = (rules: unknown, path: string) =>
    tdmRefusal(
      parseTdmRules(typeof rules === 'string' ? rules : JSON.stringify(rules)),
      `http://h.test${path}`,
    ) !== null
  const reserve = (location: string, reservation: unknown = 1) => ({
    location,
    'tdm-reservation': reservation,
  })

  it.each<[string, unknown, string, boolean]>([
    ['reserves all', [reserve('/')], '/x', true],
    ['reserves all by a star', [reserve('*')], '/x', true],
    ['reserves a folder', [reserve('/a/')], '/a/x', true],
    ['and nothing beside it', [reserve('/a/')], '/b', false],
    ['reserves by a wildcard', [reserve('/img/*.jpg')], '/img/a/b.jpg', true],
    ['with an end', [reserve('/*.jpg$')], '/a.jpg?x', false],
    ['opens what is more specific', [reserve('/'), reserve('/open/', 0)], '/open/x', false],
    ['whatever the order', [reserve('/open/', 0), reserve('/')], '/x', true],
    ['reserves in doubt between equals', [reserve('/a', 0), reserve('/a', 1)], '/a', true],
    ['takes a number that is a text', [reserve('/', '1')], '/x', true],
    ['says nothing with a 0', [reserve('/', 0)], '/x', false],
    ['says nothing without a reservation', [{ location: '/' }], '/x', false],
    ['says nothing without a location', [{ 'tdm-reservation': 1 }], '/x', false],
    ['may be one rule', reserve('/'), '/x', true],
    ['may be odd', [null, 7, 'x', [], reserve('/')], '/x', true],
    ['compares escapes', [reserve('/caf%C3%A9/')], '/caf%c3%a9/x', true],
    ['may have a byte order mark', `\uFEFF${JSON.stringify([reserve('/')])}`, '/x', true],
    ['is none where a page stands in its place', '<!doctype html><title>Not found</title>', '/x', false],
    ['is none where it is empty', '', '/x', false],
    ['reserves all where it breaks off', '[{"location": "/a", "tdm-res', '/x', true],
  ])('%s', (_, rules, path, forbidden) => {
    expect(forbids(rules, path)).toBe(forbidden)
  })

  it('reserves all where it has more rules than are looked at', () => {
    const rules = Array.from({ length: 20_001 }, (_, i) => reserve(`/${i}`, 0))
    expect(forbids(rules, '/x')).toBe(true)
    expect(forbids(rules.slice(1), '/x')).toBe(false)
  })

  it('is named with the location that decided', () => {
    expect(tdmRefusal(parseTdmRules(JSON.stringify([reserve('/a/')])), 'http://h.test/a/x')).toEqual({
      rule: 'tdm',
      value: 'location /a/',
      source: 'tdmrep.json',
    })
  })
})

describe('an ai.txt', () => {
  const forbids = (body: string, path: string) =>
    aiTxtRefusal(parseRobots(body, 'pairmill'), `http://h.test${path}`) !== null

  it('forbids all where it has more rules than are looked at', () => {
    const body = Array.from({ length: 2_001 }, (_, i) => `Allow: /*b${i}`).join('\n')
    expect(forbids(`User-agent: *\n${body}`, '/x')).toBe(true)
  })

  it.each<[string, string, boolean]>([
    ['User-Agent: *\nDisallow: /', '/x', true],
    ['User-Agent: *\nDisallow: *', '/x', true],
    ['User-Agent: *\nDisallow: *.jpg', '/a/b.jpg', true],
    ['User-Agent: *\nDisallow: *.jpg', '/a/b.html', false],
    ['User-Agent: *\nDisallow: /\nAllow: *.jpg', '/b.jpg', false],
    ['User-Agent: *\nAllow: /', '/x', false],
    ['User-Agent: otherbot\nDisallow: /', '/x', false],
    ['<!doctype html><title>404</title>', '/x', false],
    ['', '/x', false],
  ])('%j forbids %s: %s', (body, path, forbidden) => {
    expect(forbids(body, path)).toBe(forbidden)
  })
})

describe('whatever such files hold', () => {
  const line = fc.oneof(
    fc.constantFrom(
      'User-agent: *',
      'User-agent: pairmill',
      'Content-Usage: ',
      'Content-Signal: ',
      'Disallow: ',
      'train-ai=n',
      '/*a*b$ ai-train=no',
      '[{"location":"/*","tdm-reservation":1}]',
      '{',
      '\r',
      '\uFEFF',
    ),
    fc.string({ unit: 'binary', maxLength: 30 }),
  )
  const body = fc
    .tuple(fc.array(line, { maxLength: 30 }), fc.constantFrom('\n', '', '\r\n'))
    .map(([lines, end]) => lines.join(end))

  it('they are read without a word', () => {
    fc.assert(
      fc.property(body, fc.webPath(), (text, path) => {
        const url = `http://h.test${path.startsWith('/') ? path : `/${path}`}`
        usage(text, new URL(url).pathname)
        tdmRefusal(parseTdmRules(text), url)
        aiTxtRefusal(parseRobots(text, 'pairmill'), url)
      }),
      { numRuns: runs.line },
    )
  })

  it('a thousand rules of stars are answered at once', () => {
    const stars = `/${'*a'.repeat(500)}$`
    const lines = Array.from({ length: 500 }, (_, i) => `Content-Usage: ${stars}${i} train-ai=n`).join('\n')
    const startedAt = process.cpuUsage().user
    expect(usage(`User-agent: *\n${lines}`, `/${'a'.repeat(2000)}b`)).toBeNull()
    const tdm = JSON.stringify(Array.from({ length: 500 }, () => ({ location: stars, 'tdm-reservation': 1 })))
    expect(tdmRefusal(parseTdmRules(tdm), `http://h.test/${'a'.repeat(2000)}b`)).toBeNull()
    // Backtracking would take ages; this is the work of one pass, on any machine.
    expect(process.cpuUsage().user - startedAt).toBeLessThan(10_000_000)
  })
})
