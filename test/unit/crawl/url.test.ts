import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalUrl } from '../../../src/crawl/index.js'
import { hostOf } from '../../../src/records/index.js'
import { runs } from '../../fixtures/runs.js'

describe('the canonical spelling of a URL', () => {
  it.each([
    ['HTTP://Example.COM', 'http://example.com/'],
    ['http://example.com:80/', 'http://example.com/'],
    ['https://example.com:443/', 'https://example.com/'],
    ['http://example.com:8080/', 'http://example.com:8080/'],
    ['http://example.com./a', 'http://example.com/a'],
    ['http://example.com.:8080/a', 'http://example.com:8080/a'],
    ['http://example.com/a#b', 'http://example.com/a'],
    ['http://example.com/?', 'http://example.com/'],
    ['http://example.com/a?#', 'http://example.com/a'],
    ['http://example.com?b=2&a=1', 'http://example.com/?b=2&a=1'],
    ['http://example.com/a/../b/./c', 'http://example.com/b/c'],
    ['http://example.com/a/%2E%2e/b', 'http://example.com/b'],
    ['http://example.com/%7euser/%41%2d', 'http://example.com/~user/A-'],
    ['http://example.com/a%2fb%c3%a9', 'http://example.com/a%2Fb%C3%A9'],
    ['http://example.com/é.jpg', 'http://example.com/%C3%A9.jpg'],
    ['http://example.com/a b.jpg', 'http://example.com/a%20b.jpg'],
    ['http://example.com\\a\\b.gif', 'http://example.com/a/b.gif'],
    ['http://example.com/100%.jpg', 'http://example.com/100%25.jpg'],
    ['http://example.com/%%341', 'http://example.com/%2541'],
    ['http://bücher.example/', 'http://xn--bcher-kva.example/'],
    ['http://0x7f.1/', 'http://127.0.0.1/'],
    ['http://[::1]:8080/', 'http://[::1]:8080/'],
    [' \n http://example.com/a\nb\t ', 'http://example.com/ab'],
  ])('%j is %j', (raw, expected) => {
    expect(canonicalUrl(raw)).toBe(expected)
  })

  it.each([
    ['../images/x.gif', 'http://h.test/a/b/c.html', 'http://h.test/a/images/x.gif'],
    ['..\\images\\x.gif', 'http://h.test/a/b/c.html', 'http://h.test/a/images/x.gif'],
    ['//cdn.test/x.gif', 'https://h.test/', 'https://cdn.test/x.gif'],
    ['?p=2', 'http://h.test/a?p=1', 'http://h.test/a?p=2'],
    ['', 'http://h.test/a?p=1', 'http://h.test/a?p=1'],
  ])('%j on %j is %j', (raw, base, expected) => {
    expect(canonicalUrl(raw, base)).toBe(expected)
  })

  it.each([
    'mailto:a@b.test',
    'javascript:void(0)',
    'file:///D:/x.gif',
    'D:\\x.gif',
    'data:image/gif;base64,R0lGOD',
    'ftp://h.test/',
    'http://',
    'http://user:password@h.test/',
    'http://user@h.test/',
    'http://./',
    'relative.html',
    '',
    `http://h.test/${'a'.repeat(5000)}`,
  ])('%j has none', (raw) => {
    expect(canonicalUrl(raw)).toBeNull()
  })

  const urlText = fc.oneof(
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc
      .array(
        fc.constantFrom(
          '%',
          '%4',
          '%41',
          '%2e',
          '.',
          '..',
          '/',
          '\\',
          '?',
          '#',
          '&',
          'a',
          'é',
          ' ',
          '|',
          '\n',
          ':',
          '漢',
          '\ud800',
        ),
        { maxLength: 30 },
      )
      .map((pieces) => `http://h.test/${pieces.join('')}`),
    fc.string({ unit: 'binary' }).map((tail) => `https://H.test:443/${tail}`),
  )

  const piecesOf = (pieces: readonly string[], maxLength: number) =>
    fc.array(fc.constantFrom(...pieces), { maxLength }).map((chosen) => chosen.join(''))
  const nearlyPlainPath = fc
    .tuple(
      fc.constantFrom('/', '/', '/', '', '', '../', '../../', './', '..', '//', '/.', '?'),
      piecesOf([...'abZ09-_~!$&()*+,;=:@/', 'img', '.jpg', '/'], 8),
      piecesOf([...`?#.%^|'"<>{}[]\`\\\t\n\r `, '..', '/.', '%41', '%2e', 'é', '\u0000', '\ud800', 'a'], 2),
      piecesOf([...'aZ0-_=&?/.', '?a=', "'"], 5),
    )
    .map((parts) => parts.join(''))
  const nearlyPlainUrl = fc
    .tuple(
      fc.constantFrom('http://', 'https://', 'https://', 'HTTP://', 'http:/', 'ftp://', '//'),
      piecesOf(
        ['cdn.', 'img-1.', '7.', '0x7f.', 'xn--', 'xn--bcher-kva.', 'a--b.', '-a.', '_a.', 'u@', '.', 'A.'],
        2,
      ),
      fc.constantFrom(
        'example',
        'h.test',
        'test',
        '0x7f',
        '0xg',
        '1',
        '1a',
        'a1',
        'xn--p1ai',
        'xn--',
        'é',
        'Test',
        'a-',
        '',
      ),
      fc.constantFrom('', '', '', '.', '..', ':80', ':443', ':8080', ':', '|', '^', ' ', '\n', '%41'),
      nearlyPlainPath,
    )
    .map((parts) => parts.join(''))

  it('is stable: spelling it again changes nothing', () => {
    fc.assert(
      fc.property(urlText, (raw) => {
        const once = canonicalUrl(raw)
        fc.pre(once !== null)
        expect(canonicalUrl(once!)).toBe(once)
      }),
      { numRuns: runs.line },
    )
  })

  it('is the one that a parser gives, also where none was needed', () => {
    // A tab before the fragment changes nothing, but sends it through the parser.
    const parsed = (raw: string, base?: string) => canonicalUrl(raw.replace(/(?=#)|$/, '\t'), base)
    fc.assert(
      fc.property(nearlyPlainUrl, nearlyPlainPath, nearlyPlainUrl, (url, path, base) => {
        expect(canonicalUrl(url)).toBe(parsed(url))
        expect(canonicalUrl(url, base)).toBe(parsed(url, base))
        expect(canonicalUrl(path, base)).toBe(parsed(path, base))
      }),
      { numRuns: runs.word },
    )
  })

  it.each([
    `http://${'a'.repeat(300)}.test/`,
    `http://h.test/${'a'.repeat(4096 - 14)}`,
    `http://h.test/${'a'.repeat(4096 - 13)}`,
    'http://h.test/a\n',
  ])('is the one that a parser gives, at the borders too: %#', (raw) => {
    expect(canonicalUrl(raw)).toBe(canonicalUrl(`${raw} `))
    const path = raw.replace(/^http:\/\/[^/]*/, '')
    expect(canonicalUrl(path, 'http://h.test/')).toBe(canonicalUrl(`${path} `, 'http://h.test/'))
  })

  it.each([
    ['b.htm', 'http://h.test/a/b/c.htm?d=/e/', 'http://h.test/a/b/b.htm'],
    ['../b.htm#top', 'http://h.test/a/b/c.htm', 'http://h.test/a/b.htm'],
    ['../../../../i/b.gif?x=/y', 'http://h.test/a/b/', 'http://h.test/i/b.gif?x=/y'],
    ['b', 'http://h.test/%E5%B1%B1/', 'http://h.test/%E5%B1%B1/b'],
    ['b', 'http://h.test/a/%2e%2e/', 'http://h.test/b'],
    ['../b', 'http://h.test/a//', 'http://h.test/a/b'],
    ['c:d', 'http://h.test/a', null],
  ])('is resolved where it is relative: %s on %s', (raw, base, url) => {
    expect(canonicalUrl(raw, base)).toBe(url)
  })

  it('is plain ASCII, absolute, and without a fragment', () => {
    fc.assert(
      fc.property(urlText, (raw) => {
        const url = canonicalUrl(raw)
        fc.pre(url !== null)
        expect(url).toMatch(/^https?:\/\/[^/?#\s]+\/[!-"$-~]*$/)
        expect(url!.length).toBeLessThanOrEqual(4096)
      }),
      { numRuns: runs.line },
    )
  })

  it('does not depend on how unreserved characters are escaped', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_~-]{1,20}$/), fc.boolean(), (path, upper) => {
        const escaped = [...path]
          .map((char) => {
            const hex = char.charCodeAt(0).toString(16)
            return `%${upper ? hex.toUpperCase() : hex}`
          })
          .join('')
        expect(canonicalUrl(`http://h.test/${escaped}?${escaped}`)).toBe(
          canonicalUrl(`http://h.test/${path}?${path}`),
        )
      }),
    )
  })
})

describe('the politeness key of a URL', () => {
  it.each([
    ['http://h.test/a:b/c', 'h.test'],
    ['https://h.test/', 'h.test'],
    ['http://h.test:8080/', 'h.test:8080'],
    ['http://[::1]:8080/x', '[::1]:8080'],
    ['http://h.test?x', 'h.test'],
  ])('of %s is %s', (url, host) => {
    expect(hostOf(url)).toBe(host)
  })
})
