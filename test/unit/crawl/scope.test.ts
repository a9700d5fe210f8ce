import { describe, expect, it } from 'vitest'
import { anchorOf, type ScopeRules, scopeVerdict } from '../../../src/crawl/index.js'

const rules = (changed: Partial<ScopeRules>): ScopeRules => ({
  scope: 'host',
  maxDepth: null,
  include: [],
  exclude: [],
  ...changed,
})
const at = (url: string, depth = 1, anchor = 'a.example.co.uk') => ({ url, depth, anchor, redirects: 0 })

describe('the anchor of a URL', () => {
  it.each([
    ['http://www.example.co.uk:8080/x', 'host', 'www.example.co.uk:8080'],
    ['http://www.example.co.uk:8080/x', 'domain', 'example.co.uk'],
    ['http://someone.github.io/', 'domain', 'someone.github.io'],
    ['http://recipes.test/', 'domain', 'recipes.test'],
    ['http://127.0.0.1:8000/', 'domain', '127.0.0.1'],
    ['http://[::1]:8000/', 'domain', '[::1]'],
    ['http://localhost:8000/', 'domain', 'localhost'],
    ['http://www.example.co.uk/x', 'any', ''],
  ] as const)('%s within scope %s is %j', (url, scope, anchor) => {
    expect(anchorOf(url, scope)).toBe(anchor)
  })
})

describe('whether a URL is within scope', () => {
  it('holds a host scope to the host and a domain scope to the registrable domain', () => {
    expect(scopeVerdict(at('http://a.example.co.uk/x'), rules({}))).toBe('in')
    expect(scopeVerdict(at('http://b.example.co.uk/x'), rules({}))).toBe('out_of_scope')
    const domain = rules({ scope: 'domain' })
    expect(scopeVerdict(at('http://b.example.co.uk/x', 1, 'example.co.uk'), domain)).toBe('in')
    expect(scopeVerdict(at('http://b.other.co.uk/x', 1, 'example.co.uk'), domain)).toBe('out_of_scope')
    expect(scopeVerdict(at('http://anywhere.test/', 1, ''), rules({ scope: 'any' }))).toBe('in')
  })

  it('leaves out links to pictures, but no wiki page of one, nor what a user asks for', () => {
    const verdict = (path: string, depth = 1) =>
      scopeVerdict(at(`http://a.example.co.uk${path}`, depth), rules({}))
    expect(['/a.jpg', '/b.PNG?v=2', '/c/d.webp'].map((path) => verdict(path))).toEqual(
      Array(3).fill('picture'),
    )
    expect(
      ['/wiki/File:A.jpg', '/a.jpg/', '/view?file=a.jpg', '/a.jpg.html'].map((path) => verdict(path)),
    ).toEqual(Array(4).fill('in'))
    expect(verdict('/a.jpg', 0)).toBe('in')
  })

  it('counts depth from the seed, and 0 means the seed alone', () => {
    expect(scopeVerdict(at('http://a.example.co.uk/', 0), rules({ maxDepth: 0 }))).toBe('in')
    expect(scopeVerdict(at('http://a.example.co.uk/', 1), rules({ maxDepth: 0 }))).toBe('too_deep')
  })

  it('lets exclude win over include, and asks no seed to be included', () => {
    const both = rules({ include: ['*/recipes/*'], exclude: ['*print*'] })
    expect(scopeVerdict(at('http://a.example.co.uk/recipes/1'), both)).toBe('in')
    expect(scopeVerdict(at('http://a.example.co.uk/about'), both)).toBe('excluded')
    expect(scopeVerdict(at('http://a.example.co.uk/recipes/print/1'), both)).toBe('excluded')
    expect(scopeVerdict(at('http://a.example.co.uk/', 0), both)).toBe('in')
    expect(scopeVerdict(at('http://a.example.co.uk/print', 0), both)).toBe('excluded')
  })
})
