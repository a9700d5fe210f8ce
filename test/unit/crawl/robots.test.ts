import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRobots, type RobotsRecord, robotsVerdict } from '../../../src/crawl/index.js'
import { normalizePattern } from '../../../src/crawl/robots/index.js'
import { runs } from '../../fixtures/runs.js'

const record: RobotsRecord = {
  kind: 'rules',
  body: '',
  fetchedAtMs: 0,
  expiresAtMs: 1,
  status: 200,
  detail: '',
}
const ask = (body: string, path: string, product = 'pairmill') =>
  robotsVerdict(record, parseRobots(body, product), `http://h.test${path}`)
const allows = (body: string, path: string, product?: string) => ask(body, path, product).allowed

describe('which group of a robots.txt counts (RFC 9309 section 2.2.1)', () => {
  it('is the one that names the product, whatever its case, else that for everybody', () => {
    const body = 'User-agent: *\nDisallow: /\n\nUser-Agent: PairMill\nDisallow: /private\n'
    expect(allows(body, '/public')).toBe(true)
    expect(allows(body, '/private')).toBe(false)
    expect(allows(body, '/public', 'otherbot')).toBe(false)
  })

  it('is found by a whole User-Agent string as well as by the bare token', () => {
    const body = 'User-agent: pairmill/1.0 (test)\nDisallow: /x\n'
    expect(allows(body, '/x', 'pairmill/0.1 (+https://example.com)')).toBe(false)
    expect(allows(body, '/x', 'pairmillion')).toBe(true)
  })

  it('joins groups for the same product and groups with several names', () => {
    const body =
      'User-agent: a\nUser-agent: pairmill\nDisallow: /1\nUser-agent: b\nDisallow: /2\nUser-agent: pairmill\nDisallow: /3\n'
    expect(['/1', '/2', '/3'].map((path) => allows(body, path))).toEqual([false, true, false])
  })

  it('is not split by other lines between its names', () => {
    const body =
      'User-agent: pairmill\nCrawl-delay: 2.5\nSitemap: http://h.test/s.xml\n\nUser-agent: b\nDisallow: /1\n'
    expect(allows(body, '/1')).toBe(false)
    expect(parseRobots(body, 'pairmill').crawlDelayMs).toBe(2500)
    expect(parseRobots(body, 'pairmill').sitemaps).toEqual(['http://h.test/s.xml'])
  })

  it('is an empty one where that names the product: everything is allowed', () => {
    expect(allows('User-agent: *\nDisallow: /\nUser-agent: pairmill\nDisallow:\n', '/x')).toBe(true)
  })

  it('is none where rules come before any name', () => {
    expect(allows('Disallow: /\n', '/x')).toBe(true)
    expect(parseRobots('Disallow: /\n', 'pairmill').group).toBeNull()
  })
})

describe('which rule decides (RFC 9309 section 2.2.2)', () => {
  it('is the most specific one, and allow where two are equally specific', () => {
    const body = 'User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /a/b/c\nAllow: /same\nDisallow: /same\n'
    expect(['/a', '/a/b', '/a/b/c', '/same'].map((path) => allows(body, path))).toEqual([
      false,
      true,
      false,
      true,
    ])
  })

  it.each([
    ['/fish', '/fish', true],
    ['/fish', '/fishheads/yummy.html', true],
    ['/fish', '/Fish.asp', false],
    ['/fish', '/catfish', false],
    ['/fish/', '/fish', false],
    ['/*.php', '/folder/any.php.file.html', true],
    ['/*.php', '/windows.PHP', false],
    ['/*.php$', '/filename.php', true],
    ['/*.php$', '/filename.php?parameters', false],
    ['/fish*.php', '/fishheads/catfish.php?parameters', true],
    ['/$', '/', true],
    ['/$', '/a', false],
    ['*.gif$', '/a.gif', true],
    ['/a**b', '/a/x/b', true],
    ['/a*b*b$', '/ab', false],
    ['/a*b*b$', '/abb', true],
    ['/?x', '/?xy', true],
    ['fish', '/fish', true],
  ])('Disallow: %s forbids %s: %s', (pattern, path, forbidden) => {
    expect(allows(`User-agent: *\nDisallow: ${pattern}\n`, path)).toBe(!forbidden)
  })

  it.each([
    ['/%62%61%7A', '/baz'],
    ['/baz', '/%62%61%7a'],
    ['/a%3cd.html', '/a%3Cd.html'],
    ['/ツ', '/%E3%83%84'],
    ['/%E3%83%84', '/ツ'],
    ['/a b', '/a%20b'],
    ['/path/file-with-a-%2A.html', '/path/file-with-a-*.html'],
    ['/foo%24', '/foo$'],
    ['/foo$bar', '/foo$bar'],
  ])('compares %s and %s as one spelling', (pattern, path) => {
    expect(allows(`User-agent: *\nDisallow: ${pattern}\n`, path)).toBe(false)
  })

  it('keeps an escaped reserved character apart from the bare one', () => {
    expect(allows('User-agent: *\nDisallow: /a%2Fb\n', '/a/b')).toBe(true)
  })

  it('never forbids robots.txt itself', () => {
    expect(ask('User-agent: *\nDisallow: /\n', '/robots.txt')).toMatchObject({
      allowed: true,
      rule: 'robots:file',
    })
  })

  it('is named in the verdict as the file writes it', () => {
    const body = 'User-agent: *\nDisallow: /private # not here\nAllow: /private/%70ublic\n'
    expect(ask(body, '/private/x').rule).toBe('robots:disallow /private')
    expect(ask(body, '/private/public').rule).toBe('robots:allow /private/%70ublic')
    expect(ask(body, '/').rule).toBe('robots:none')
  })
})

describe('a robots.txt of very many rules', () => {
  const lines = (n: number, line: (i: number) => string) =>
    `User-agent: *\n${Array.from({ length: n }, (_, i) => line(i)).join('\n')}`

  it('decides as one of few: the longest rule, and allow between equals, with wildcards or without', () => {
    const few = lines(3_000, (i) => `Disallow: /${i}/\nAllow: /${i}/a*\nAllow: /x*/${i % 50}$`)
    expect(ask(few, '/2999/b')).toMatchObject({ allowed: false, rule: 'robots:disallow /2999/' })
    expect(ask(few, '/2999/ab')).toMatchObject({ allowed: true, rule: 'robots:allow /2999/a*' })
    expect(ask(few, '/xyz/49')).toMatchObject({ allowed: true, rule: 'robots:allow /x*/49$' })
    expect(ask(few, '/xyz/490').rule).toBe('robots:none')
  })

  it('counts what is written again and again once', () => {
    expect(
      allows(
        lines(50_000, () => 'Allow: /*b'),
        '/a',
      ),
    ).toBe(true)
    expect(
      allows(
        lines(50_000, () => 'Disallow: /*b'),
        '/ab',
      ),
    ).toBe(false)
  })

  it('forbids all where it has more than are looked at, but what another crawler is told counts for nothing', () => {
    const verdict = ask(
      lines(2_001, (i) => `Allow: /*b${i}`),
      '/a',
    )
    expect(verdict).toEqual({ allowed: false, rule: 'robots:too-many', line: null })
    expect(
      ask(
        lines(20_001, (i) => `Allow: /${i}`),
        '/a',
      ).rule,
    ).toBe('robots:too-many')
    const another = lines(2_001, (i) => `Disallow: /*b${i}`).replace('*', 'otherbot')
    expect(allows(another, '/b1')).toBe(true)
    expect(
      allows(
        lines(2_001, (i) => `Allow: /*b${i}`),
        '/robots.txt',
      ),
    ).toBe(true)
  })

  it('decides as trying every rule would', () => {
    const part = fc.constantFrom('a', 'b', '/', '*', 'ab', '$', '%61', '')
    const pattern = fc.array(part, { maxLength: 5 }).map((parts) => `/${parts.join('')}`)
    const rule = fc.record({ allow: fc.boolean(), text: pattern })
    const path = fc
      .array(fc.constantFrom('a', 'b', '/'), { maxLength: 6 })
      .map((parts) => `/${parts.join('')}`)
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 12 }), path, (rules, asked) => {
        const body = rules.map(({ allow, text }) => `${allow ? 'Allow' : 'Disallow'}: ${text}`).join('\n')
        // Each rule alone says whether it matches; of those that do, the longest decides, and allow between equals.
        const matching = rules
          .map(({ allow, text }) => ({ allow, pattern: normalizePattern(text, allow) ?? '' }))
          .filter(({ pattern: one }) => !allows(`User-agent: *\nDisallow: ${one}`, asked))
        const longest = Math.max(...matching.map(({ pattern: one }) => one.length))
        const deciding = matching.filter(({ pattern: one }) => one.length === longest)
        const expected = deciding.length === 0 || deciding.some(({ allow }) => allow)
        expect(allows(`User-agent: *\n${body}`, asked)).toBe(expected)
      }),
      { numRuns: runs.line },
    )
  })
})

describe('what is no proper robots.txt', () => {
  it('is read as far as it goes: byte order mark, any line end, odd spacing, junk', () => {
    const body = '\uFEFFUser-Agent : *\r  disallow:/a  \r\nnonsense\n<html>\nDISALLOW\t:\t/b\n'
    expect(['/a', '/b', '/c'].map((path) => allows(body, path))).toEqual([false, false, true])
  })

  it('forbids where it could not be read, and allows where there is none', () => {
    const forbid: RobotsRecord = { ...record, kind: 'forbid_all', body: null }
    expect(robotsVerdict(forbid, null, 'http://h.test/')).toMatchObject({
      allowed: false,
      rule: 'robots:unreachable',
    })
    expect(robotsVerdict(record, null, 'http://h.test/').allowed).toBe(false)
    const absent: RobotsRecord = { ...record, kind: 'allow_all', body: null }
    expect(robotsVerdict(absent, null, 'http://h.test/')).toEqual({
      allowed: true,
      rule: 'robots:absent',
      line: null,
    })
  })

  it('never throws and takes linear time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
        parseRobots(text, 'pairmill')
        expect(typeof allows(`User-agent: *\nDisallow: /${text}`, '/a/b?c')).toBe('boolean')
      }),
      { numRuns: runs.line },
    )
    const start = performance.now()
    allows(`User-agent: *\nDisallow: /${'*a'.repeat(200_000)}$\n`, `/${'a'.repeat(4000)}`)
    allows(`User-agent: *\n${'Disallow: /*x*y*z\n'.repeat(20_000)}`, `/${'xy'.repeat(2000)}`)
    expect(performance.now() - start).toBeLessThan(2000)
  })
})

describe('the matcher', () => {
  const piece = fc.constantFrom('a', 'b', '/', '*', '.', '%61', '%2F', '$')
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))

  it('agrees with a regular expression made from the pattern', () => {
    fc.assert(
      fc.property(text, text, (pattern, path) => {
        const plain = (s: string) => s.replaceAll('%61', 'a')
        const anchored = plain(pattern).endsWith('$')
        const body = anchored ? plain(pattern).slice(0, -1) : plain(pattern)
        const source = body
          .split('*')
          .map((part) => part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
          .join('[^]*')
        const expected = new RegExp(`^/${source}${anchored ? '$' : ''}`).test(`/${plain(path)}`)
        expect(allows(`User-agent: *\nDisallow: /${pattern}\n`, `/${path}`)).toBe(!expected)
      }),
      { numRuns: runs.word },
    )
  })
})
