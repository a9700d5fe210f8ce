import { describe, expect, it } from 'vitest'
import { readPage } from '../../../../src/crawl/extract/index.js'
import { type PageTrace, pageTrace } from '../../../../src/crawl/inspect/page-trace.js'
import { applied } from '../../../../src/crawl/rules/ruled-page.js'
import { siteRule } from '../../../fixtures/crawl/ruled.js'

const url = 'https://a.test/page'

function traced(html: string, given: Readonly<Record<string, unknown>> | null = null): PageTrace {
  const rule = given === null ? null : siteRule(given)
  const read = readPage(html, url, {
    imageSize: 512,
    productToken: 'pairmill',
    contentLanguage: null,
    xRobotsTag: null,
    rule: rule === null ? null : (document) => applied(rule, document),
  })
  const scope = { scope: 'host', maxDepth: null, include: [], exclude: ['*/no/*'] } as const
  const trace = pageTrace(read, url, scope, Date.UTC(2026, 0))
  // Whatever a page holds, each of its image elements is told of once, and what is taken is what a crawl takes.
  expect(trace.pictures.flatMap(({ elements }) => elements)).toHaveLength(read.page.imagesSeen)
  expect(new Set(trace.pictures.flatMap(({ candidate }) => candidate ?? []))).toEqual(
    new Set(read.page.candidates),
  )
  expect(trace.links.filter(({ verdict }) => verdict === 'follow').map((link) => link.url)).toEqual(
    read.page.links.filter((link) => /^https:\/\/a\.test\/(?!no\/|x\/x)/.test(link)),
  )
  return trace
}

const told = ({ pictures }: PageTrace) =>
  pictures.map(({ elements, skipped, sources }) => [elements.length, skipped ?? sources[0]?.url])

describe('what is told of the pictures of a page', () => {
  it('is where they stand, their sources in the order of trying, and their captions in the order of trust', () => {
    const [picture] = traced(
      '<main><figure><img src="/a.jpg" srcset="/a-800.jpg 800w, /a-400.jpg 400w" title="Seen from the cliff" alt="Gulls over the bay"><figcaption>A colony of gulls</figcaption></figure></main>',
    ).pictures
    expect(picture).toMatchObject({
      elements: ['main:root > figure > img'],
      sources: [
        { url: 'https://a.test/a-800.jpg', place: 'srcset' },
        { url: 'https://a.test/a-400.jpg', place: 'srcset' },
        { url: 'https://a.test/a.jpg', place: 'src' },
      ],
      captions: [{ source: 'alt' }, { source: 'figcaption' }, { source: 'title' }],
      skipped: null,
    })
  })

  it('is what was left out, at its place, and why', () => {
    const html = `<img src="data:,x" alt="one"><img src="/bare.jpg"><img src="/a.jpg" alt="Gulls over the bay">
      <img src="/x.svg" alt="two"><img alt="three"><img src="ftp://a/x.jpg" alt="four">`
    expect(told(traced(html))).toEqual([
      [1, 'data_url'],
      [1, 'no_caption'],
      [1, 'https://a.test/a.jpg'],
      [1, 'svg'],
      [1, 'no_source'],
      [1, 'scheme'],
    ])
  })

  it('joins elements that show the same, and what metadata names of them', () => {
    const image = '<img src="/a.jpg" alt="Gulls over the bay">'
    const meta = (name: string) => `<meta property="og:image" content="/${name}.jpg">`
    const html = `${meta('a')}${meta('og')}<meta property="og:image:alt" content="The cliff at dusk">${image}<p>${image}</p>`
    expect(told(traced(html))).toEqual([
      [2, 'https://a.test/a.jpg'],
      [0, 'https://a.test/og.jpg'],
    ])
  })

  it('names the pictures that a rule does not take, and those that it ignores', () => {
    const html = `<main><img src="/a.jpg" alt="Gulls over the bay"></main><p><img src="/b.jpg" alt="b"></p><nav><img src="/c.jpg" alt="c"></nav>`
    const trace = traced(html, { pictures: 'main', ignore: 'nav' })
    expect(told(trace)).toEqual([
      [1, 'https://a.test/a.jpg'],
      [1, 'rule'],
      [1, 'rule'],
    ])
    expect(trace.pictures.at(-1)?.elements).toEqual(['nav:root > img'])
  })

  it('says of a page that forbids them that all are left out', () => {
    const html =
      '<meta name="robots" content="noimageindex, nofollow"><img src="/a.jpg" alt="Gulls"><a href="/x">x</a>'
    const trace = traced(html)
    expect(told(trace)).toEqual([[1, 'opt_out']])
    expect(trace.refusals).toMatchObject({
      images: { rule: 'meta-robots', value: 'noimageindex' },
      links: { rule: 'meta-robots', value: 'nofollow' },
    })
    expect(trace.links).toMatchObject([{ href: '/x', verdict: 'nofollow' }])
  })

  it('says that a rule was given up', () => {
    const html = `<img src="/a.jpg" alt="Gulls over the bay"><ul>${'<li>'.repeat(20_000)}`
    const trace = traced(html, { pictures: 'li:nth-last-child(odd) img' })
    expect([trace.ruleIsCostly, told(trace)]).toEqual([false, [[1, 'rule']]])
    const costly = traced(html, { pictures: 'img, li:nth-last-child(odd)' })
    expect([costly.ruleIsCostly, told(costly)]).toEqual([true, [[1, 'rule_costly']]])
  })
})

describe('what is told of the links of a page', () => {
  it('is whether each is followed, and why not', () => {
    const html = `<a href="/one">1</a><a href="/one">again</a><a href="/no/two">2</a><a href="https://b.test/">3</a><a href="#top">4</a>
      <a href="/closed" rel="nofollow">5</a><a href="mailto:x@a.test">6</a><a href="${'/x'.repeat(30)}">7</a><nav><a href="/nav">8</a></nav>`
    expect(
      traced(html, { follow: 'a', ignore: 'nav' }).links.map(({ href, verdict }) => [
        href.slice(0, 20),
        verdict,
      ]),
    ).toEqual([
      ['/one', 'follow'],
      ['/no/two', 'excluded'],
      ['https://b.test/', 'out_of_scope'],
      ['#top', 'itself'],
      ['mailto:x@a.test', 'bad_url'],
      ['/x/x/x/x/x/x/x/x/x/x', 'trap_depth'],
      ['/closed', 'nofollow'],
      ['/nav', 'rule'],
    ])
  })
})
