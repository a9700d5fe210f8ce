import { describe, expect, it } from 'vitest'
import { readPage } from '../../../../src/crawl/extract/index.js'

const signs = (html: string) =>
  readPage(html, 'http://a.test/', {
    imageSize: 512,
    productToken: 'pairmill',
    contentLanguage: null,
    xRobotsTag: null,
  }).signs
const prose = `<p>${'Words that people read. '.repeat(20)}</p>`
const run = '<script src="/a.js"></script>'

describe('the signs that a browser would find more', () => {
  it.each<[string, string, string[]]>([
    ['text and pictures', `${prose}<img src="/a.jpg" alt="A cat">`, []],
    [
      'data that no browser runs',
      `${prose}<script type="application/ld+json">{}</script><script type="text/template"><b></b></script>`,
      [],
    ],
    ['an empty image, and nobody to fill it', `${prose}<img alt="A cat">`, []],
    ['hardly a word, and nobody to say more', '<div id="root"></div>', []],
    ['scripts beside a whole page', `${prose}<img src="/a.jpg" alt="A cat">${run}`, ['scripts']],
    ['a module', `${prose}<script type="module">1</script>`, ['scripts']],
    [
      'hardly a word',
      `<title>Shop</title><noscript>Please turn scripts on.</noscript>${run}`,
      ['scripts', 'script_built'],
    ],
    ['one picture and no word', `<img src="/a.jpg" alt="A cat">${run}`, ['scripts']],
    ['an empty root', `${prose}<div id="__next"></div>${run}`, ['scripts', 'script_built']],
    [
      'an empty list that a script names',
      `${prose}<ul id="pictures"> </ul><script>fill('#pictures')</script>`,
      ['scripts', 'script_built'],
    ],
    [
      'an empty list that no script names',
      `${prose}<ul id="pictures"></ul><script>fill('#others')</script>`,
      ['scripts'],
    ],
    [
      'a place for an advertisement',
      `${prose}<div id="div-gpt-ad-1"></div><script>show('div-gpt-ad-1')</script>`,
      ['scripts'],
    ],
    ['a root that was filled', `<div id="__next">${prose}</div>${run}`, ['scripts']],
    ['an image without a source', `${prose}<img alt="A cat">${run}`, ['scripts', 'empty_image']],
    [
      'an image within the page',
      `${prose}<img src="data:image/gif;base64,R0" alt="A cat">${run}`,
      ['scripts', 'empty_image'],
    ],
    [
      'a spacer that nobody describes',
      `${prose}<img src="data:image/gif;base64,R0" alt="">${run}`,
      ['scripts'],
    ],
    [
      'a lazy image that names its source',
      `${prose}<img src="data:image/gif;base64,R0" data-src="/a.jpg" alt="A cat">${run}`,
      ['scripts'],
    ],
    [
      'a placeholder that names nothing',
      `${prose}<img src="/img/placeholder.png" alt="A cat">${run}`,
      ['scripts', 'lazy_image'],
    ],
    [
      'a placeholder that names its source',
      `${prose}<img src="/img/placeholder.png" data-original="/a.jpg" alt="A cat">${run}`,
      ['scripts'],
    ],
    [
      'a placeholder with a set',
      `${prose}<img src="/img/placeholder.png" data-srcset="/a.jpg 2x" alt="A cat">${run}`,
      ['scripts'],
    ],
    [
      'a script that watches what comes into view',
      `${prose}<script>new IntersectionObserver(load)</script>`,
      ['scripts', 'lazy_script'],
    ],
    [
      'a script that hears of scrolling',
      `${prose}<script>addEventListener('scroll', load)</script>`,
      ['scripts', 'lazy_script'],
    ],
    ['elements of its own', `${prose}<my-gallery></my-gallery>${run}`, ['scripts', 'custom_element']],
    [
      'a shadow root',
      `${prose}<div><template shadowrootmode="open"><img src="/a.jpg" alt="A cat"></template></div>`,
      ['shadow_root'],
    ],
    ['a frame that is written out', `${prose}<iframe srcdoc="x"></iframe>`, ['inline_frame']],
    ['a frame that is fetched, as a link', `${prose}<iframe src="/f"></iframe>`, []],
  ])('%s', (_, html, expected) => {
    expect(signs(html)).toEqual(expected)
  })

  it('are none where the page forbids its pictures', () => {
    expect(signs(`<meta name="robots" content="noimageai"><div id="root"></div>${run}`)).toEqual([])
  })
})
