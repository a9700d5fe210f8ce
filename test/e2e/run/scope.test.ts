import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countersOf, newOut, pairmill, pairsOf } from '../../fixtures/run/pairmill.js'
import { photos, sentence } from '../../fixtures/run/pictures.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

/** Pages with their links. Every one shows one picture, which the page's number names. */
const graph: Readonly<Record<string, readonly string[]>> = {
  'www.example.org/': ['/a/', 'http://blog.example.org/', 'http://other.net/', '/old/'],
  'www.example.org/a/': ['/a/deep/'],
  'www.example.org/a/deep/': ['/a/deep/end'],
  'www.example.org/a/deep/end': [],
  'www.example.org/old/': ['/a/'],
  'blog.example.org/': ['/post'],
  'blog.example.org/post': [],
  'other.net/': ['/far', 'http://www.example.org/a/'],
  'other.net/far': [],
}
const all = Object.keys(graph)

/** Options, and the pages that a run from www.example.org and these alone visits. */
const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['follows links within the host by default', [], all.filter((page) => page.startsWith('www.'))],
  [
    '--scope domain takes in its sister hosts',
    ['--scope', 'domain'],
    all.filter((page) => page.includes('example.org')),
  ],
  ['--scope any goes everywhere', ['--scope', 'any'], all],
  ['--max-depth 0 takes the seed alone', ['--max-depth', '0'], ['www.example.org/']],
  [
    '--max-depth 1 takes what it links to',
    ['--max-depth', '1'],
    ['www.example.org/', 'www.example.org/a/', 'www.example.org/old/'],
  ],
  [
    '--include and --exclude decide by pattern, the seed apart',
    ['--include', '*/a/*', '--exclude', '/deep\\/end$/'],
    ['www.example.org/', 'www.example.org/a/', 'www.example.org/a/deep/'],
  ],
  [
    '--max-pages-per-host cuts each host',
    ['--scope', 'any', '--max-pages-per-host', '1'],
    ['www.example.org/', 'blog.example.org/', 'other.net/'],
  ],
]

describe('which pages a run visits', { timeout: 300_000 }, () => {
  let web: TestWeb
  beforeAll(async () => {
    web = await startTestWeb()
    const bytes = await photos(600, all.length)
    for (const [number, [page, links]] of Object.entries(graph).entries()) {
      web.page(page, { links, images: [{ src: `http://img.net/${number}.jpg`, alt: sentence(number) }] })
      web.picture(`img.net/${number}.jpg`, bytes[number]!)
    }
  }, 60_000)
  afterAll(() => web.close())

  it.each(cases)('%s', async (_, options, pages) => {
    const before = web.seen.length
    const out = newOut()
    const common = ['--model', 'none', '--dedupe', 'off', '--delay-ms', '5']
    const { code } = await pairmill([
      'run',
      'http://www.example.org/',
      '--out',
      out,
      ...common,
      ...options,
      ...web.words,
    ])
    expect(code).toBe(0)
    const visited = web.seen.slice(before).map(({ host, path }) => host + path)
    const siteFile = /\/(?:robots\.txt|ai\.txt|\.well-known\/tdmrep\.json)$/
    expect(visited.filter((page) => !siteFile.test(page) && !page.endsWith('.jpg')).sort()).toEqual(
      [...pages].sort(),
    )
    // Images come from anywhere: the scope is the pages'.
    const pairs = pages.map(
      (page) => `http://img.net/${all.indexOf(page)}.jpg ${sentence(all.indexOf(page))}`,
    )
    expect(await pairsOf(out)).toEqual(pairs.sort())
    expect((await countersOf(out)).pages).toBe(pages.length)
  })
})
