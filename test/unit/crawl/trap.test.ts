import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalUrl, pageDigest, trapVerdict, withoutSession } from '../../../src/crawl/index.js'

const now = Date.UTC(2026, 5, 1)
const verdict = (path: string, from = '/', depth = 3) =>
  trapVerdict(`http://a.test${path}`, { url: `http://a.test${from}`, depth }, now)
const filters = (count: number) => `?${Array.from({ length: count }, (_, i) => `f${i}=${i}`).join('&')}`

describe('a link leads into a trap', () => {
  it.each([
    ['/blog/blog/blog/', 'trap_path'],
    ['/x/blog/news/blog/news/blog/news/y', 'trap_path'],
    ['/en/a-b/c/en/a-b/c/en/a-b/c', 'trap_path'],
    ['/news/sport/news/x/news/sport/y/news/sport/news', 'trap_path'],
    [`/${'ab/'.repeat(25)}`, 'trap_depth'],
    [`/${Array.from({ length: 25 }, (_, i) => `d${i}`).join('/')}`, 'trap_depth'],
    [`/shop${filters(25)}`, 'trap_query'],
    [`/shop?q=${'x'.repeat(1_100)}`, 'trap_query'],
  ])('%s: %s', (path, reason) => {
    expect(verdict(path)).toBe(reason)
  })

  it('where its query has everything that the page had, and ever more', () => {
    expect(verdict(`/shop${filters(9)}`, `/shop${filters(8)}`)).toBe('trap_query')
    expect(verdict(`/shop${filters(8)}`, `/shop${filters(7)}`)).toBeNull()
    expect(verdict(`/shop${filters(9)}`, '/shop')).toBeNull()
    expect(verdict(`/shop${filters(9)}`, '/shop?other=1')).toBeNull()
  })

  it.each([
    ['/calendar/2029/01/', '/calendar/2028/12/'],
    ['/calendar/1799-12', '/calendar/1800-01'],
    ['/calendar/2029-01-01', '/calendar/2028-12-31'],
    ['/calendar/2031/5', '/calendar/2026/06'],
    ['/events?year=2444&month=2', '/events?year=2026&month=11'],
    ['/events?month=2&y=1200', '/events?month=12&y=1801'],
    ['/events?day=2029-01-01', '/events?day=2028-12-31'],
    ['/room/4821/2/2029/01', '/room/4821/2/2028/12'],
    ['/week/2028-12-25/2029-01-01', '/week/2028-12-18/2028-12-25'],
  ])('out of the years that there are, %s, from %s', (path, from) => {
    expect(verdict(path, from)).toBe('trap_calendar')
    expect(verdict(path)).toBeNull()
  })

  it('wherever a calendar is left, in whichever form it writes its dates', () => {
    const two = (n: number) => String(n).padStart(2, '0')
    const forms = fc.constantFrom(
      (y: number, m: number) => `/cal/${y}/${two(m)}`,
      (y: number, m: number) => `/cal/${y}/${m}/`,
      (y: number, m: number) => `/${y}-${two(m)}/events`,
      (y: number, m: number) => `/cal?date=${y}-${two(m)}-01`,
      (y: number, m: number) => `/cal?y=${y}&m=${m}`,
      (y: number, m: number) => `/cal?month=${two(m)}&year=${y}&view=list`,
    )
    const month = fc.integer({ min: 1, max: 12 })
    const inside = fc.integer({ min: 1800, max: 2028 })
    const beyond = fc.oneof(fc.integer({ min: 1000, max: 1799 }), fc.integer({ min: 2029, max: 9999 }))
    fc.assert(
      fc.property(forms, inside, beyond, month, month, fc.nat(23), (form, year, other, m, n, depth) => {
        expect(verdict(form(other, n), form(year, m), depth)).toBe('trap_calendar')
        expect(verdict(form(year, n), form(year, m), depth)).toBeNull()
        expect(verdict(form(other, n), form(other, m), depth)).toBeNull()
        expect(verdict(form(other, n), form(other, m), 24)).toBe('trap_calendar')
      }),
    )
  })

  it('where it goes from date to date, far away from the seed', () => {
    expect(verdict('/cal/2026/07', '/cal/2026/06', 23)).toBeNull()
    expect(verdict('/cal/2026/07', '/cal/2026/06', 24)).toBe('trap_calendar')
    expect(verdict('/cal?year=2026&month=7', '/cal?year=2026&month=6', 24)).toBe('trap_calendar')
    expect(verdict('/cal/2031/07', '/cal/2031/06', 24)).toBe('trap_calendar')
    expect(verdict('/cal/2026/07/17/a-concert', '/cal/2026/07', 24)).toBeNull()
  })
})

describe('a link is followed', () => {
  it.each([
    '/',
    '/a/a/a/a/',
    '/blog/blog/',
    '/photos/00/00/00/1',
    '/1/1/1/1',
    '/2024/05/17/a-day-at-the-sea',
    '/archive/1999/12',
    '/archive/1890/12',
    '/topic/4821/2',
    '/item/9041-3',
    '/object/1234/5',
    '/iso-9001-2',
    '/?year=9999',
    '/gallery?page=400',
    '/p/2026x05',
    '/item/20260517123',
    '/shop?colour=red&size=xl&sort=price&page=3',
    '/news/2031',
    '/a/b/a/b/c/a/b',
  ])('%s', (path) => {
    expect(verdict(path)).toBeNull()
  })

  it('whatever number names what it leads to', () => {
    const forms = fc.constantFrom(
      (id: number, n: number) => `/topic/${id}/${n}`,
      (id: number, n: number) => `/item/${id}-${n}`,
      (id: number, n: number) => `/photos/${id}/${n}/large`,
      (id: number, n: number) => `/thread?of=${id}-${n}`,
    )
    const number = fc.integer({ min: 0, max: 99_999 })
    fc.assert(
      fc.property(forms, forms, number, number, fc.nat(31), fc.nat(23), (to, from, id, other, n, depth) => {
        expect(verdict(to(id, n), '/', depth)).toBeNull()
        // A page whose own number might be a year leads to others that might be.
        if (other < 1800 || other > 2028) expect(verdict(to(id, n), from(other, n), depth)).toBeNull()
      }),
    )
  })

  it('on whatever port its site is', () => {
    const port = fc.integer({ min: 1, max: 65_535 })
    fc.assert(
      fc.property(port, fc.integer({ min: 1, max: 31 }), fc.nat(60), (p, n, depth) => {
        const of = (path: string) => `http://a.test:${p}/${path}`
        expect(trapVerdict(of(`${n}`), { url: of(`${n + 1}`), depth }, now)).toBeNull()
        expect(trapVerdict(of(`${n}/about`), { url: of(''), depth }, now)).toBeNull()
      }),
    )
  })

  it('into any day of the past that pictures are of', () => {
    const day = fc.date({ min: new Date('1800-01-01'), max: new Date('2028-12-31'), noInvalidDate: true })
    fc.assert(
      fc.property(day, day, (to, from) => {
        const [iso, other] = [to, from].map((date) => date.toISOString().slice(0, 10)) as [string, string]
        expect(verdict(`/day/${iso}`, `/day/${other}`, 23)).toBeNull()
        expect(verdict(`/${iso.replaceAll('-', '/')}/`, `/${other.replaceAll('-', '/')}/`, 23)).toBeNull()
      }),
    )
  })

  it('or not, but judged in time that grows no faster than its length allows', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), fc.webUrl(), fc.nat(50), (to, from, depth) => {
        const [url, page] = [canonicalUrl(to), canonicalUrl(from)]
        if (url === null || page === null) return
        expect([null, 'trap_path', 'trap_depth', 'trap_query', 'trap_calendar']).toContain(
          trapVerdict(url, { url: page, depth }, now),
        )
      }),
    )
  })
})

describe('a session in a URL', () => {
  const id = '3f2a9c0d1e4b5a69'
  it.each([
    [`/x?PHPSESSID=${id}`, '/x'],
    [`/x?a=1&sid=${id}&b=2`, '/x?a=1&b=2'],
    [`/x;jsessionid=${id}.node1?a=1`, '/x?a=1'],
    [`/x?s=${id}${id}`, '/x'],
    ['/x?sid=12', null],
    ['/x?sid=international-news', null],
    ['/x?session=morning', null],
    [`/x?id=${id}`, null],
    ['/x', null],
  ])('%s is without it %s', (path, plain) => {
    expect(withoutSession(`http://a.test${path}`)).toBe(plain === null ? null : `http://a.test${plain}`)
  })

  it('is taken out once and for all', () => {
    const part = fc.constantFrom('a=1', `sid=${id}`, `PHPSESSID=${id}`, 'q=', 's=1', 'b')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const url = `http://a.test/x${parts.length === 0 ? '' : `?${parts.join('&')}`}`
        const plain = withoutSession(url)
        expect(plain === null ? null : withoutSession(plain)).toBeNull()
      }),
    )
  })
})

describe('the digest of a page', () => {
  const html = (own: string) => `<link rel=canonical href="${own}"><h1>Not found</h1><a href="next/">next</a>`
  it('is one for all pages that differ in their own URL alone', () => {
    const digests = ['/shop/one', '/shop/two?x=1'].flatMap((path) => {
      const url = `http://a.test${path}`
      return [pageDigest(html(url), url), pageDigest(html(path), url)]
    })
    expect(new Set(digests).size).toBe(1)
  })

  it('differs where anything else does', () => {
    const url = 'http://a.test/shop/one'
    expect(pageDigest(html(url), url)).not.toBe(pageDigest(html(url).replace('Not', 'not'), url))
    expect(pageDigest('a/b', 'http://a.test/')).not.toBe(pageDigest('ab', 'http://a.test/'))
  })
})
