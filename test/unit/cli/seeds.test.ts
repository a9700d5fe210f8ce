import { describe, expect, it } from 'vitest'
import { parseSeeds, seedLines } from '../../../src/cli/seeds.js'

const given = (...texts: string[]) => texts.map((text) => ({ text, line: null }))

describe('seeds', () => {
  it.each([
    ['https://Example.org', 'https://example.org/'],
    ['http://example.org/a#b', 'http://example.org/a'],
    ['example.org', 'https://example.org/'],
    ['example.org:8443/a?b', 'https://example.org:8443/a?b'],
    ['localhost:8100', 'http://localhost:8100/'],
    ['shop.localhost/x', 'http://shop.localhost/x'],
    ['127.0.0.1:8100/a', 'http://127.0.0.1:8100/a'],
    ['[::1]:8100', 'http://[::1]:8100/'],
  ])('%s is read as %s', (text, url) => {
    expect(parseSeeds(given(text), '')).toMatchObject({ urls: [url], problems: [] })
  })

  it('without a scheme are named with what they are read as', () => {
    expect(parseSeeds(given('example.org', 'https://example.com/'), '').assumed).toEqual([
      { text: 'example.org', url: 'https://example.org/' },
    ])
  })

  it('count once, in the order given', () => {
    const seeds = parseSeeds(given('https://b.org/', 'https://a.org/', 'b.org', 'https://B.org'), '')
    expect(seeds.urls).toEqual(['https://b.org/', 'https://a.org/'])
    expect(seeds.assumed).toEqual([])
  })

  it.each(['ftp://example.org/', 'not a url', 'https://', 'mailto:ada@example.org'])(
    '%j is no seed',
    (text) => {
      expect(parseSeeds(given(text), '')).toEqual({
        urls: [],
        assumed: [],
        problems: [`seed: expected an http or https URL such as https://example.org/, got '${text}'`],
      })
    },
  )

  it.each([
    ['https://ada:hunter2@example.org/', 'https://***@example.org/'],
    ['ada:hunter2@example.org/a?token=hunter2', '***@example.org/a?token=***'],
    ['http://t0ken@example.org', 'http://***@example.org'],
  ])('%j is refused for its credentials, which are not repeated', (text, shown) => {
    expect(parseSeeds(given(text), '').problems).toEqual([
      `seed: credentials in URLs are not taken; leave user and password out of '${shown}'`,
    ])
  })

  it('that are refused for something else do not show what they hold either', () => {
    const { problems } = parseSeeds(given('ftp://ada:hunter2@b.org/?token=hunter2'), '')
    expect(problems).toEqual([expect.stringContaining("got 'ftp://***@b.org/?token=***'")])
  })

  it('in a file are one a line, without comments and empty lines, and bad lines are named by number', () => {
    const content =
      '\uFEFF# sites\r\nhttps://a.org/#top\r\n\r\n  ftp://b.org \n# end\nhttps://c.org/\nwhat now'
    const seeds = parseSeeds(seedLines(content), 'sites.txt')
    expect(seeds.urls).toEqual(['https://a.org/', 'https://c.org/'])
    expect(seeds.problems).toEqual([
      "sites.txt line 4: expected an http or https URL such as https://example.org/, got 'ftp://b.org'",
      "sites.txt line 7: expected an http or https URL such as https://example.org/, got 'what now'",
    ])
  })
})
