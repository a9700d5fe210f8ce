import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { extractPage } from '../../../../src/crawl/index.js'
import { allOptOuts, headRefusal, pageVerdict } from '../../../../src/crawl/permission/index.js'
import { type OptOut, optOuts } from '../../../../src/records/index.js'
import { runs } from '../../../fixtures/runs.js'

const all = { productToken: 'pairmill', obeyed: allOptOuts }
const allBut = (...ignored: OptOut[]) => ({
  productToken: 'pairmill',
  obeyed: new Set(optOuts.filter((name) => !ignored.includes(name))),
})

/** A header, whether it forbids what it comes with, and which words decide. */
type Head = [name: string, value: string, rule: OptOut | null, decided?: string]
const heads: Head[] = [
  ['x-robots-tag', 'noindex', 'x-robots-tag'],
  ['x-robots-tag', 'NoAI', 'x-robots-tag', 'noai'],
  ['x-robots-tag', 'noimageai', 'x-robots-tag'],
  ['x-robots-tag', 'noimageindex', 'x-robots-tag'],
  ['x-robots-tag', 'none', 'x-robots-tag'],
  ['x-robots-tag', 'nosnippet, max-image-preview:large , noai', 'x-robots-tag', 'noai'],
  ['x-robots-tag', 'pairmill: noindex', 'x-robots-tag', 'noindex'],
  ['x-robots-tag', 'PairMill : noindex', 'x-robots-tag', 'noindex'],
  ['x-robots-tag', 'otherbot: noindex', null],
  ['x-robots-tag', 'otherbot: noindex, noai', 'x-robots-tag', 'noai'],
  ['x-robots-tag', 'otherbot: noai, pairmill: none', 'x-robots-tag', 'none'],
  ['x-robots-tag', 'unavailable_after: 25 Jun 2030 15:00:00 PST', null],
  ['x-robots-tag', 'nofollow', null],
  ['x-robots-tag', 'all', null],
  ['x-robots-tag', '', null],
  ['tdm-reservation', '1', 'tdm'],
  ['tdm-reservation', ' 1 ', 'tdm', '1'],
  ['tdm-reservation', '0, 1', 'tdm'],
  ['tdm-reservation', '0', null],
  ['tdm-reservation', 'yes', null],
  ['tdm-policy', 'https://a.test/policy.json', null],
  ['content-usage', 'train-ai=n', 'aipref'],
  ['content-usage', 'search=y, train-ai=n', 'aipref'],
  ['content-usage', 'train-ai=n;exempt="x"', 'aipref'],
  ['content-usage', 'train-ai=y, train-ai=n', 'aipref'],
  ['content-usage', 'TRAIN-AI=N', 'aipref'],
  ['content-usage', 'train-genai=n', 'aipref'],
  ['content-usage', 'train-ai=y, train-genai=n', 'aipref'],
  ['content-usage', 'bots=n', 'aipref'],
  ['content-usage', 'bots=n, train-ai=y', null],
  ['content-usage', 'train-ai=y', null],
  ['content-usage', 'search=n', null],
  ['content-usage', 'train-ai', null],
  ['content-usage', 'train-ai=maybe', null],
  ['content-usage', 'no-train-ai=n', null],
  ['content-usage', '"train-ai=n', null],
  ['content-signal', 'ai-train=no', 'content-signal'],
  ['content-signal', 'search=yes, ai-train=no, ai-input=no', 'content-signal'],
  ['content-signal', 'search=yes,ai-train=no', 'content-signal'],
  ['content-signal', 'ai-train=yes', null],
  ['content-signal', 'ai-input=no', null],
  ['content-signal', 'train-ai=n', null],
]

describe('the head of a response', () => {
  it.each<Head>(heads)('%s: %j is a no by %s', (name, value, rule, decided) => {
    const expected = rule === null ? null : { rule, value: decided ?? value, source: 'header' }
    expect(headRefusal({ [name]: value }, all)).toEqual(expected)
  })

  it.each<Head>(heads.filter(([, , rule]) => rule !== null))(
    '%s: %j counts for nothing where its opt-out is ignored',
    (name, value, rule) => {
      expect(headRefusal({ [name]: value }, allBut(rule!))).toBeNull()
      const others = optOuts.filter((other) => other !== rule)
      expect(headRefusal({ [name]: value }, allBut(...others))).not.toBeNull()
    },
  )

  it('says nothing without such headers', () => {
    expect(headRefusal({ 'content-type': 'text/html' }, all)).toBeNull()
  })

  it('is shown as one short line, whatever it holds', () => {
    const value = headRefusal({ 'content-usage': `train-ai=n, ${'x\u0007\n'.repeat(5000)}` }, all)!.value
    expect(value.length).toBeLessThanOrEqual(201)
    expect(value).not.toMatch(/\p{Cc}/u)
  })

  it('never throws, whatever it holds', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'noai',
        'pairmill',
        'train-ai',
        'ai-train',
        '=',
        ':',
        ',',
        ';',
        '"',
        'n',
        'no',
        '1',
        ' ',
        '\t',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
    )
    const value = fc.array(word, { maxLength: 40 }).map((words) => words.join(''))
    const name = fc.constantFrom('x-robots-tag', 'tdm-reservation', 'content-usage', 'content-signal')
    fc.assert(
      fc.property(fc.dictionary(name, value), (headers) => {
        const found = headRefusal(headers, all)
        expect(found === null || allOptOuts.has(found.rule)).toBe(true)
      }),
      { numRuns: runs.line },
    )
  })
})

describe('what a page says of itself', () => {
  const verdict = (
    metas: readonly (readonly [string, string])[],
    xRobotsTag: string | null = null,
    rules = all,
  ) => pageVerdict({ metas, xRobotsTag }, rules)

  it.each([
    ['robots', 'noindex', true, false],
    ['robots', 'nofollow', false, true],
    ['robots', 'none', true, true],
    ['robots', 'NOINDEX,NOFOLLOW', true, true],
    ['robots', 'noai, noimageai', true, false],
    ['robots', 'noimageindex', true, false],
    ['robots', 'index, follow', false, false],
    ['robots', '', false, false],
    ['pairmill', 'noai', true, false],
    ['otherbot', 'noai', false, false],
    ['description', 'noindex', false, false],
    ['tdm-reservation', '1', true, false],
    ['tdm-reservation', '0', false, false],
  ])('%s %j forbids its images: %s, its links: %s', (name, content, images, links) => {
    const found = verdict([[name, content]])
    expect([found.images !== null, found.links !== null]).toEqual([images, links])
  })

  it('is heard from header and meta together', () => {
    expect(verdict([['robots', 'nofollow']], 'noai')).toEqual({
      images: { rule: 'x-robots-tag', value: 'noai', source: 'header' },
      links: { rule: 'meta-robots', value: 'nofollow', source: 'meta' },
    })
  })

  it('counts for nothing where its opt-out is ignored, and for no other', () => {
    const metas = [
      ['robots', 'none'],
      ['tdm-reservation', '1'],
    ] as const
    expect(verdict(metas, null, allBut('meta-robots'))).toMatchObject({
      images: { rule: 'tdm' },
      links: null,
    })
    expect(verdict(metas, null, allBut('meta-robots', 'tdm'))).toEqual({ images: null, links: null })
    expect(verdict([], 'none', allBut('x-robots-tag'))).toEqual({ images: null, links: null })
  })
})

describe('a page', () => {
  const options = { imageSize: 512, productToken: 'pairmill', contentLanguage: null, xRobotsTag: null }
  const html = (head: string) => `<html><head>${head}</head><body><img src=/a.jpg alt="a cat">
    <a href=/open>x</a><a rel="nofollow ugc" href=/closed>x</a><a rel=NOFOLLOW href=/loud>x</a></body></html>`
  const read = (head: string, ignored: OptOut[] = []) =>
    extractPage(html(head), 'http://h.test/p', { ...options, obeyed: allBut(...ignored).obeyed })

  it('gives no image against its word, and says why', () => {
    const page = read('<meta name=Robots content="noai">')
    expect(page).toMatchObject({
      candidates: [],
      links: ['http://h.test/open'],
      refusal: { rule: 'meta-robots', value: 'noai', source: 'meta' },
    })
    expect(read('<meta name="tdm-reservation" content="1">').refusal).toMatchObject({ rule: 'tdm' })
  })

  it('gives them where that word is ignored', () => {
    expect(read('<meta name=robots content=noai>', ['meta-robots'])).toMatchObject({
      candidates: [{ imageUrl: 'http://h.test/a.jpg' }],
      refusal: null,
    })
  })

  it('has its nofollow links followed only where that is ignored', () => {
    expect(read('')).toMatchObject({ links: ['http://h.test/open'], linksClosed: 2 })
    expect(read('', ['rel-nofollow'])).toMatchObject({
      links: ['http://h.test/open', 'http://h.test/closed', 'http://h.test/loud'],
      linksClosed: 0,
    })
    expect(read('<meta name=robots content=nofollow>')).toMatchObject({ links: [], linksClosed: 3 })
  })
})
