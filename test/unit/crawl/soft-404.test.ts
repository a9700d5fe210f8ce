import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { absentPath, extractPage, isLikeAbsent, shapeOf, speaksOfAbsence } from '../../../src/crawl/index.js'
import { runs } from '../../fixtures/runs.js'

const shape = (html: string, url = 'http://a.test/xkqzvbnmwrtp') => {
  const options = { imageSize: 512, productToken: 'pairmill', contentLanguage: null, xRobotsTag: null }
  return shapeOf(html, { ...extractPage(html, url, options), url })
}
const chrome = `<nav>Home Shop About us Delivery and returns Contact the people behind it</nav>
  <img src="/logo.png" alt="The old lighthouse shop">`
const site = (title: string, main: string) =>
  `<!doctype html><title>${title}</title>${chrome}<main>${main}</main><footer>Copyright the lighthouse shop, open on Mondays and Fridays</footer>`
const sorry = (path: string, extra = '') =>
  site(
    `${path} not found - Lighthouse`,
    `<h1>Sorry</h1><p>The page ${path} is not here any more. Perhaps the search will help you to find it. ${extra}</p>`,
  )
const absent = shape(sorry('/xkqzvbnmwrtp'))

describe('a page that is like the one for what is not there', () => {
  it.each<[string, string, string]>([
    ['under another URL, which it repeats', sorry('/old/blue-mug'), 'http://a.test/old/blue-mug'],
    ['with the URL decoded', sorry('/alt/grüne-tasse'), 'http://a.test/alt/gr%C3%BCne-tasse'],
    ['with another date and number', sorry('/old/mug', 'Request 8821, 2026-03-04'), 'http://a.test/old/mug'],
    [
      'with other markup',
      sorry('/old/mug').replaceAll('<p>', '<div class=x><b>').replaceAll('</p>', '</b></div>'),
      'http://a.test/old/mug',
    ],
  ])('is known %s', (_, html, url) => {
    expect(isLikeAbsent(shape(html, url), absent)).toBe(true)
  })

  it.each<[string, string, string]>([
    [
      'a page of the same site, with a text of its own',
      site(
        'Blue mug - Lighthouse',
        '<h1>Blue mug</h1><p>Thrown by hand and fired twice, with a glaze from cobalt. It holds a third of a litre.</p>',
      ),
      'http://a.test/blue-mug',
    ],
    [
      'one with its title and another text',
      site(
        '/blue-mug not found - Lighthouse',
        'Thrown by hand and fired twice, with a glaze from cobalt. It holds a third of a litre and keeps warm for long.',
      ),
      'http://a.test/blue-mug',
    ],
    [
      'one with its text and another title',
      sorry('/blue-mug').replace('not found', 'a mug'),
      'http://a.test/blue-mug',
    ],
    [
      'one with its words, and a picture that is not on it',
      sorry('/blue-mug', '<img src="/mug.jpg" alt="Blue mug">'),
      'http://a.test/blue-mug',
    ],
  ])('is not %s', (_, html, url) => {
    expect(isLikeAbsent(shape(html, url), absent)).toBe(false)
  })

  it('is none without words: a script may yet write them', () => {
    const shell = shape('<title>App</title><div id="root"></div><script src="/app.js"></script>')
    expect(isLikeAbsent(shell, shell)).toBe(false)
  })

  it('is like itself and has a shape that JSON keeps, whatever it says', () => {
    fc.assert(
      fc.property(fc.lorem({ maxCount: 40 }), fc.stringMatching(/^[a-z0-9/%-]{0,12}$/), (text, path) => {
        const one = shape(`<title>t</title><p>${text}`, `http://a.test/${path}`)
        const kept = JSON.parse(JSON.stringify(one)) as typeof one
        expect(kept).toEqual(one)
        expect(isLikeAbsent(one, kept)).toBe(one.sketch.length >= 8)
        expect(one.sketch).toEqual([...one.sketch].sort((a, b) => a - b))
      }),
      { numRuns: runs.text },
    )
  })
})

describe('a title', () => {
  it.each(['Page not found', '404 - Shop', 'Seite nicht gefunden', 'Page introuvable | Musée', '页面不存在'])(
    'speaks of absence: %s',
    (title) => expect(speaksOfAbsence(title)).toBe(true),
  )
  it.each(['Blue mug', 'Foundry work, 1404', 'Lost and found', null])('does not: %s', (title) =>
    expect(speaksOfAbsence(title)).toBe(false),
  )
})

it('a path that no site has says no word, and is another each time', () => {
  const paths = new Set(Array.from({ length: 50 }, () => absentPath(Math.random)))
  expect(paths.size).toBe(50)
  for (const path of paths) expect(path).toMatch(/^\/[b-df-hj-np-tv-xz]{24}$/)
})
