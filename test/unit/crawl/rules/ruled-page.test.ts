import { describe, expect, it } from 'vitest'
import { ruledPage } from '../../../fixtures/crawl/ruled.js'

/** Last part of each picture's URL with its captions of the rule. */
function taken(html: string, rule: Readonly<Record<string, unknown>>): Record<string, string[]> {
  const pictures: Record<string, string[]> = {}
  for (const { imageUrl, captions } of ruledPage(html, rule).candidates)
    pictures[imageUrl.slice('https://a.test/'.length)] = captions
      .filter(({ source }) => source === 'rule')
      .map(({ text }) => text)
  return pictures
}

const image = (name: string, more = '') => `<img src="/${name}.jpg" alt="alt of ${name}" ${more}>`

describe('pictures of a rule', () => {
  const html = `<nav>${image('logo')}</nav><main>${image('a', 'class="photo"')}<div class="photo">${image('b')}${image('c')}</div></main>`

  it('are the ones that it names, or that stand in what it names; the others are counted', () => {
    expect(Object.keys(taken(html, { pictures: '.photo' }))).toEqual(['a.jpg', 'b.jpg', 'c.jpg'])
    expect(ruledPage(html, { pictures: 'main img.photo' })).toMatchObject({
      candidates: [{ imageUrl: 'https://a.test/a.jpg' }],
      imagesSeen: 4,
      imagesSkipped: { rule: 3 },
    })
  })

  it('are all of them where it names none', () => {
    expect(Object.keys(taken(html, { captions: 'p' }))).toHaveLength(4)
  })

  it('are not those that metadata alone names, which still describes the ones that are shown', () => {
    const og = (name: string, alt: string) =>
      `<meta property="og:image" content="/${name}.jpg"><meta property="og:image:alt" content="${alt}">`
    const page = ruledPage(`${og('a', 'A gull over the bay')}${og('z', 'Something else again')}${html}`, {
      pictures: '.photo',
    })
    expect(page.candidates.map(({ imageUrl }) => imageUrl)).not.toContain('https://a.test/z.jpg')
    expect(page.candidates[0]?.captions).toContainEqual({ source: 'og', text: 'A gull over the bay' })
    expect(page).toMatchObject({ imagesNamed: 2, imagesSkipped: { rule: 2, repeated: 1 } })
  })
})

describe('captions of a rule', () => {
  it('are those of the card around the picture, in the order of the selectors, before all others', () => {
    const card = (name: string) =>
      `<li>${image(name)}<i class="where">Where ${name} is</i><b class="what">What ${name} is</b></li>`
    const html = `<ul>${card('a')}${card('b')}</ul><b class="what">Of no card</b>`
    const rule = { card: 'li', captions: ['.what', '.where'] }
    expect(taken(html, rule)).toEqual({
      'a.jpg': ['What a is', 'Where a is'],
      'b.jpg': ['What b is', 'Where b is'],
    })
    expect(ruledPage(html, rule).candidates[0]?.captions[0]?.source).toBe('rule')
  })

  it('belong to the smallest card, and to a figure where no card is named', () => {
    const html = `<div class="card"><p>Outer</p><figure>${image('a')}<p>Inner</p></figure></div>`
    expect(taken(html, { card: '.card, figure', captions: 'p' })).toEqual({ 'a.jpg': ['Inner'] })
    expect(taken(html, { captions: 'p' })).toEqual({ 'a.jpg': ['Inner'] })
    expect(taken(html, { card: '.other', captions: 'p' })).toEqual({ 'a.jpg': [] })
  })

  it('may stand in an attribute, of the picture itself for that picture alone', () => {
    const html = `<div class="card" data-title="Of the card">${image('a', 'data-caption="Of a"')}${image('b', 'data-caption="Of b"')}</div>`
    expect(taken(html, { card: '.card', captions: 'img::attr(data-caption)' })).toEqual({
      'a.jpg': ['Of a'],
      'b.jpg': ['Of b'],
    })
    expect(taken(html, { card: '.card', captions: '.card::attr(Data-Title)' })).toEqual({
      'a.jpg': ['Of the card'],
      'b.jpg': ['Of the card'],
    })
  })
})

describe('credit, licence and language of a rule', () => {
  const html = `<html lang="en"><a class="cc" href="/licence">page</a><span class="by">Of the page</span>
    <figure>${image('a')}<figcaption>Gulls over the bay <span class="by">Photo: Ada</span></figcaption>
      <a class="cc" href="https://cc.test/by">by</a><i lang="de">Möwen</i></figure>${image('b')}`
  const rule = { credit: '.by', licence: 'a.cc::attr(href)', language: 'i::attr(lang)' }

  it('are those of the card, else of the page outside every card', () => {
    expect(ruledPage(html, rule).candidates).toMatchObject([
      { credit: 'Photo: Ada', licenceUrl: 'https://cc.test/by', pageLanguage: 'de' },
      { credit: 'Of the page', licenceUrl: 'https://a.test/licence', pageLanguage: 'en' },
    ])
  })

  it('keep the credit out of every caption, unless it holds a picture', () => {
    const captions = (credit: string) =>
      ruledPage(html, { ...rule, credit }).candidates[0]?.captions.filter(
        ({ source }) => source === 'figcaption',
      )
    expect(captions('.by')).toEqual([{ source: 'figcaption', text: 'Gulls over the bay' }])
    expect(ruledPage(html, { ...rule, credit: 'figure' }).candidates).toHaveLength(2)
  })

  it('take a licence that is no address, and a language that is none, for nothing', () => {
    const odd = `<figure>${image('a')}<b class="l">http://</b><i class="l">any language</i></figure>`
    const [candidate] = ruledPage(odd, { licence: 'b', language: 'i' }).candidates
    expect(candidate).toMatchObject({ licenceUrl: null, pageLanguage: null })
    expect(candidate).not.toHaveProperty('credit')
  })
})

describe('what a rule ignores', () => {
  it('is read as if it were not there, and its pictures and links are counted', () => {
    const html = `<h2>Bay</h2><figure>${image('a')}<figcaption>Gulls<b class="ad">Buy</b> over the bay</figcaption></figure>
      <aside class="ad"><a href="/shop">${image('z')}</a><area href="/map"></aside><a href="/next">on</a>`
    expect(ruledPage(html, { ignore: '.ad' })).toMatchObject({
      candidates: [{ captions: [{ text: 'alt of a' }, { text: 'Gulls over the bay' }] }],
      links: ['https://a.test/next'],
      linksByRule: 2,
      imagesSeen: 2,
      imagesSkipped: { rule: 1 },
    })
  })

  it('is never what the page declares of itself: opt-outs and the base of its URLs', () => {
    const html = `<html><head><base href="/base/"><meta name="robots" content="nofollow"></head><body><img src="a.jpg" alt="A gull over the bay"><a href="x">x</a>`
    expect(ruledPage(html, { ignore: 'head, meta, base' })).toMatchObject({
      candidates: [{ imageUrl: 'https://a.test/base/a.jpg' }],
      links: [],
    })
    const closed =
      '<div><p><meta name="robots" content="noimageindex"></p></div><img src="a.jpg" alt="A gull">'
    expect(ruledPage(closed, { ignore: 'div' }).refusal).toMatchObject({ rule: 'meta-robots' })
  })

  it('declares nothing in a template, which is no part of the page', () => {
    const html = `<template class="ad"><meta name="robots" content="noindex"><img src="/t.jpg" alt="t"></template>${image('a')}`
    expect(ruledPage(html, { ignore: '.ad' })).toMatchObject({
      refusal: null,
      imagesSeen: 1,
      imagesSkipped: {},
    })
  })

  it('is found before any of it is gone', () => {
    const html = `<ul>${['a', 'b', 'c', 'd'].map((name) => `<li>${image(name)}</li>`).join('')}</ul>`
    expect(Object.keys(taken(html, { ignore: 'li:nth-child(odd)', captions: 'p' }))).toEqual([
      'b.jpg',
      'd.jpg',
    ])
  })
})

describe('links of a rule', () => {
  const html = `<a href="/nav">nav</a><main><p class="list"><a href="/one">1</a><a href="/two" rel="nofollow">2</a></p><a class="next" href="/page2">on</a></main>
    <a href="/one">again</a><link rel="next" href="/page2b"><iframe src="/frame"></iframe><meta http-equiv="refresh" content="0; url=/moved">`

  it('are those that it names, or that stand in what it names, and where the page itself moves to', () => {
    expect(ruledPage(html, { follow: '.list, a.next' })).toMatchObject({
      links: ['https://a.test/one', 'https://a.test/page2', 'https://a.test/moved'],
      linksClosed: 1,
      linksByRule: 3,
    })
  })

  it('never open what the page closes', () => {
    expect(ruledPage(html, { follow: 'a' }).links).not.toContain('https://a.test/two')
    const closed = `<meta name="robots" content="nofollow">${html}`
    expect(ruledPage(closed, { follow: 'a' })).toMatchObject({ links: [] })
  })
})

describe('a page that would keep a rule busy', () => {
  it.each([
    ['siblings', `<ul>${'<li>'.repeat(100_000)}`, 'li:nth-last-child(odd)'],
    ['siblings before it', `<p>${'<b></b>'.repeat(100_000)}`, 'i ~ b'],
    ['elements around it', '<div>'.repeat(900), 'a div div div div div'],
    ['elements in it', `${'<div>'.repeat(900)}${'<b></b>'.repeat(50_000)}`, 'div:has(a)'],
    ['texts in it', `${'<div>'.repeat(900)}${'word '.repeat(500_000)}`, 'div:contains("other")'],
  ])('by %s gives nothing, and says so', (_, html, pictures) => {
    expect(ruledPage(`${image('a')}<a href="/x">x</a>${html}`, { pictures })).toMatchObject({
      candidates: [],
      imagesSkipped: { rule_costly: 1 },
      links: [],
      linksByRule: 1,
    })
  })
})
