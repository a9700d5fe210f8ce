import { describe, expect, it } from 'vitest'
import { parseRobots, type RobotsRecord, robotsVerdict } from '../../../../src/crawl/index.js'

const record: RobotsRecord = {
  kind: 'rules',
  body: '',
  fetchedAtMs: 0,
  expiresAtMs: 1,
  status: 200,
  detail: '',
}

const lines = (...text: readonly string[]) => text.join('\n')

/** The file of RFC 9309 section 5.1. */
const simple = lines(
  'User-Agent: *',
  'Disallow: *.gif$',
  'Disallow: /example/',
  'Allow: /publications/',
  '',
  'User-Agent: foobot',
  'Disallow:/',
  'Allow:/example/page.html',
  'Allow:/example/allowed.gif',
  '',
  'User-Agent: barbot',
  'User-Agent: bazbot',
  'Disallow: /example/page.html',
  '',
  'User-Agent: quxbot',
)
const longest = lines('User-Agent: foobot', 'Allow: /example/page/', 'Disallow: /example/page/disallowed.gif')
const threeGroups = lines(
  'allow: /foo/bar/',
  '',
  'user-agent: foobot',
  'disallow: /',
  'allow: /x/',
  'user-agent: barbot',
  'disallow: /',
  'allow: /y/',
  '',
  '',
  'allow: /w/',
  'user-agent: bazbot',
  '',
  'user-agent: foobot',
  'allow: /z/',
  'disallow: /',
)
const withAny = lines('user-agent: *', 'disallow: /', 'user-agent: foobot', 'allow: /')
const any = (...rules: readonly string[]) => lines('user-agent: *', ...rules)
const foo = (...rules: readonly string[]) => lines('user-agent: foobot', 'disallow: /', ...rules)

const cases: Record<string, [body: string, agent: string, path: string, allowed: boolean][]> = {
  'the examples of the standard': [
    [simple, 'foobot', '/', false],
    [simple, 'foobot', '/example/page.html', true],
    [simple, 'foobot', '/example/allowed.gif', true],
    [simple, 'foobot', '/example/other.gif', false],
    [simple, 'barbot', '/example/page.html', false],
    [simple, 'bazbot', '/example/page.html', false],
    [simple, 'barbot', '/example/x.gif', true],
    [simple, 'quxbot', '/example/', true],
    [simple, 'quxbot', '/a.gif', true],
    [simple, 'otherbot', '/a.gif', false],
    [simple, 'otherbot', '/a.gif?x', true],
    [simple, 'otherbot', '/example/a', false],
    [simple, 'otherbot', '/publications/a.html', true],
    [simple, 'otherbot', '/publications/a.gif', true],
    [longest, 'foobot', '/example/page/', true],
    [longest, 'foobot', '/example/page/disallowed.gif', false],
    [longest, 'barbot', '/example/page/disallowed.gif', true],
  ],
  'the spelling of lines': [
    ['user-agent: foobot\ndisallow: /\n', 'foobot', '/x', false],
    ['foo: foobot\nbar: /\n', 'foobot', '/x', true],
    ['USER-AGENT: foobot\nDISALLOW: /\n', 'foobot', '/x', false],
    ['uSeR-aGeNt : foobot\ndIsAlLoW\t:\t/\n', 'foobot', '/x', false],
    ['user-agent: foobot\r\ndisallow: /x\r\n', 'foobot', '/x', false],
    ['user-agent: foobot\rdisallow: /x\r', 'foobot', '/x', false],
    ['\uFEFFuser-agent: foobot\ndisallow: /x', 'foobot', '/x', false],
    ['user-agent: foobot # that one\ndisallow: /x # not this', 'foobot', '/x', false],
    ['#user-agent: foobot\n#disallow: /', 'foobot', '/x', true],
    ['user-agent: foobot\n\n\n\ndisallow: /x', 'foobot', '/x', false],
    ['', 'foobot', '/x', true],
  ],
  groups: [
    [threeGroups, 'foobot', '/x/b', true],
    [threeGroups, 'foobot', '/z/d', true],
    [threeGroups, 'foobot', '/y/c', false],
    [threeGroups, 'barbot', '/y/c', true],
    [threeGroups, 'barbot', '/w/a', true],
    [threeGroups, 'barbot', '/z/d', false],
    [threeGroups, 'bazbot', '/z/d', true],
    [threeGroups, 'bazbot', '/x/b', false],
    [threeGroups, 'foobot', '/foo/bar/', false],
    [withAny, 'foobot', '/x', true],
    [withAny, 'barbot', '/x', false],
    [lines('user-agent: foobot', 'allow: /', 'user-agent: *', 'disallow: /'), 'foobot', '/x', true],
    [lines('user-agent: foobot', 'disallow: /', 'user-agent: *', 'allow: /'), 'foobot', '/x', false],
    [lines('user-agent: FOOBOT', 'disallow: /'), 'FooBot', '/x', false],
    [lines('user-agent: foo', 'disallow: /'), 'foobot', '/x', true],
    [lines('user-agent: foobot/2.1', 'disallow: /'), 'foobot', '/x', false],
    [lines('user-agent: *bot', 'disallow: /'), 'foobot', '/x', true],
    [lines('user-agent: * junk', 'disallow: /'), 'foobot', '/x', false],
  ],
  'paths that begin alike': [
    [any('disallow: /x'), 'foobot', '/x', false],
    [any('disallow: /x'), 'foobot', '/x/', false],
    [any('disallow: /x'), 'foobot', '/xyz', false],
    [any('disallow: /x'), 'foobot', '/y/x', true],
    [any('disallow: /x'), 'foobot', '/X', true],
    [any('disallow: /x/'), 'foobot', '/x', true],
    [any('disallow: /x/'), 'foobot', '/x/y', false],
    [any('disallow:'), 'foobot', '/x', true],
    [any('disallow: x'), 'foobot', '/x', false],
  ],
  'the longest match': [
    [any('disallow: /x/page.html', 'allow: /x/'), 'foobot', '/x/page.html', false],
    [any('allow: /x/page.html', 'disallow: /x/'), 'foobot', '/x/page.html', true],
    [any('allow: /x/page.html', 'disallow: /x/'), 'foobot', '/x/', false],
    [any('disallow: ', 'allow: '), 'foobot', '/x', true],
    [any('disallow: /', 'allow: /'), 'foobot', '/x', true],
    [any('disallow: /x', 'allow: /x/'), 'foobot', '/x', false],
    [any('disallow: /x', 'allow: /x/'), 'foobot', '/x/', true],
    [any('allow: /page', 'disallow: /*.html'), 'foobot', '/page.html', false],
    [any('allow: /x/page.', 'disallow: /*.html'), 'foobot', '/x/page.html', true],
    [foo('allow: /p'), 'foobot', '/page', true],
  ],
  'wildcards and ends': [
    [any('disallow: /foo/bar/quz', 'allow: /foo/*/qux'), 'foobot', '/foo/bar/quz', false],
    [any('disallow: /foo/bar/quz', 'allow: /foo/*/qux'), 'foobot', '/foo/quz', true],
    [any('disallow: /foo/bar$', 'allow: /foo/bar/qux'), 'foobot', '/foo/bar', false],
    [any('disallow: /foo/bar$', 'allow: /foo/bar/qux'), 'foobot', '/foo/bar/qux', true],
    [any('disallow: /foo/bar$', 'allow: /foo/bar/qux'), 'foobot', '/foo/bar/baz', true],
    [any('disallow: /*/*/x'), 'foobot', '/a/b/c/x', false],
    [any('disallow: /a$b'), 'foobot', '/a', true],
    [any('disallow: /a$b'), 'foobot', '/a$b', false],
    [any('disallow: /a%2Ab'), 'foobot', '/a*b', false],
    [any('disallow: /a%2Ab'), 'foobot', '/axb', true],
    [any('disallow: *'), 'foobot', '/', false],
    [any('disallow: /$'), 'foobot', '/?x', true],
  ],
  'escapes and queries': [
    [
      foo('allow: /foo/bar?qux=taz&baz=http://foo.bar?tar&par'),
      'foobot',
      '/foo/bar?qux=taz&baz=http://foo.bar?tar&par',
      true,
    ],
    [foo('allow: /foo/bar/ツ'), 'foobot', '/foo/bar/%E3%83%84', true],
    [foo('allow: /foo/bar/%E3%83%84'), 'foobot', '/foo/bar/%e3%83%84', true],
    [foo('allow: /foo/bar/%62%61%7A'), 'foobot', '/foo/bar/baz', true],
    [foo('allow: /foo/bar/baz'), 'foobot', '/foo/bar/%62%61%7A', true],
    [any('disallow: /*?*sid='), 'foobot', '/a?b=1&sid=2', false],
    [any('disallow: /a%2fb'), 'foobot', '/a/b', true],
    [any('disallow: /a%2fb'), 'foobot', '/a%2Fb', false],
  ],
}

describe('robots.txt as the standard and well-known parsers read it', () => {
  for (const [kind, table] of Object.entries(cases)) {
    describe(kind, () => {
      it.each(table)('%j, %s: %s is allowed: %s', (body, agent, path, allowed) => {
        const verdict = robotsVerdict(record, parseRobots(body, agent), `http://h.test${path}`)
        expect(verdict.allowed).toBe(allowed)
      })
    })
  }
})
