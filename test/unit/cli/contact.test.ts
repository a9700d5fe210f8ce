import { describe, expect, it } from 'vitest'
import { contactProblem } from '../../../src/cli/contact.js'
import type { ListSource } from '../../../src/crawl/index.js'
import { contactPattern, withContact } from '../../../src/options/index.js'

const home = 'pairmill/0.1 (+https://home.example/)'
const problem = (seed: string, userAgent = home, connectTo: readonly string[] = []) =>
  contactProblem({ seeds: [seed], sources: [], userAgent, connectTo }, home)

describe('a contact', () => {
  it.each(['ada@example.org', 'a.b+c@x.co.uk', 'https://example.org/bot', 'http://[::1]:80/bot?x=1'])(
    'may be %s',
    (text) => expect(contactPattern.test(text)).toBe(true),
  )

  it.each([
    'ada',
    'ada@',
    '@example.org',
    'ada@localhost',
    'ftp://x.org/',
    'https://',
    'a b@x.org',
    'x@y.z\r\nEvil: 1',
  ])('is never %j', (text) => expect(contactPattern.test(text)).toBe(false))

  it('is put into the user agent, once', () => {
    const named = withContact(home, 'ada@example.org')
    expect(named).toBe('pairmill/0.1 (+https://home.example/; ada@example.org)')
    expect(withContact(named, 'ada@example.org')).toBe(named)
    expect(withContact('mybot/1.0', 'ada@example.org')).toBe('mybot/1.0 (ada@example.org)')
    expect(withContact('mybot/1.0', null)).toBe('mybot/1.0')
  })

  it.each([
    'https://example.org/',
    'http://10.0.0.1/',
    'http://localhost.example.org/',
    'http://[2001:db8::1]/',
    'http://127.example/',
  ])('is needed for %s', (seed) => {
    expect(problem(seed)).toMatch(/^--contact: missing; .* --user-agent/)
    expect(problem(seed, 'mybot/1.0')).not.toBeNull()
    expect(problem(seed, 'mybot/1.0 (https://example.org/bot)')).toBeNull()
    expect(problem(seed, 'mybot/1.0 ada@example.org')).toBeNull()
    expect(problem(seed, withContact(home, 'ada@example.org'))).toBeNull()
  })

  it.each([
    'http://127.0.0.1:8100/',
    'http://127.9.9.9/',
    'http://localhost/',
    'http://shop.localhost/',
    'http://[::1]/',
  ])('is not needed for %s', (seed) => expect(problem(seed)).toBeNull())

  it('is not needed where every seed leads back to this machine', () => {
    const rule = '::127.0.0.1:8100'
    expect(problem('https://a.test/', home, [rule])).toBeNull()
    expect(problem('https://a.test/', home, ['b.test::127.0.0.1:', rule])).toBeNull()
    expect(problem('https://a.test/', home, ['a.test:443:b.test:443', rule])).toContain('a.test')
    const both = {
      seeds: ['http://a.test/', 'http://b.test/'],
      sources: [],
      userAgent: home,
      connectTo: ['a.test::[::1]:80'],
    }
    expect(contactProblem(both, home)).toContain('b.test')
  })

  it('is needed for a list of images, which may name any host, unless every name leads back to this machine', () => {
    const columns = { url: null, text: null, licence: null, page: null }
    const list = {
      kind: 'list',
      path: '/x.csv',
      format: 'csv',
      gzip: false,
      columns,
    } as unknown as ListSource
    const ask = (connectTo: readonly string[]) =>
      contactProblem({ seeds: [], sources: [list], userAgent: home, connectTo }, home)
    expect(ask([])).toContain('what the sources name')
    expect(ask(['a.test::127.0.0.1:'])).not.toBeNull()
    expect(ask(['::127.0.0.1:8100'])).toBeNull()
  })
})
