import { describe, expect, it } from 'vitest'
import { allOptOuts, visit } from '../../../src/crawl/index.js'
import type { Fetch } from '../../../src/net/index.js'
import type { LeasedUrl } from '../../../src/records/index.js'

const url: LeasedUrl = {
  id: 1,
  url: 'http://h.test/dir/page',
  depth: 0,
  anchor: 'h.test',
  redirects: 0,
  attempts: 0,
}
const options = {
  maxBytes: 5 * 1024 * 1024,
  imageSize: 512,
  deadlineMs: 30_000,
  productToken: 'pairmill',
  obeyed: allOptOuts,
  shape: true,
}
const pageLength = 5_000_000
const listingLength = 49_000_000

/** As often as it fits. */
const filled = (length: number, piece: string, before = '', after = '') =>
  `${before}${piece.repeat(Math.floor((length - before.length - after.length) / piece.length))}${after}`

const ld = '<script type="application/ld+json">'
const range200 = Array.from({ length: 200 }, (_, i) => `${i}`)

const pages: readonly (readonly [string, string])[] = [
  ['short words', filled(pageLength, 'a b ')],
  ['one word', filled(pageLength, 'a', '<p>')],
  ['one srcset', filled(pageLength, 'a 1w,', '<img alt="a cat" srcset="', '">')],
  ['one srcset of commas', filled(pageLength, ', ', '<img alt="a cat" srcset="', '">')],
  ['one srcset with one descriptor', filled(pageLength, ' x', '<img alt="a cat" srcset="a', '">')],
  [
    'sources of one picture',
    filled(pageLength, '<source srcset="a 1w">', '<picture>', '<img alt="a cat"></picture>'),
  ],
  ['images', filled(pageLength, '<img src="a" alt="a">')],
  ['images of their own', Array.from({ length: 180_000 }, (_, i) => `<img src=${i} alt="a ${i}">`).join('')],
  ['links', Array.from({ length: 180_000 }, (_, i) => `<a href="/${i}?b=${i}">x</a>`).join('')],
  ['links with rel', filled(pageLength, 'a ', '<a href="/x" rel="', '">')],
  ['elements', filled(pageLength, '<b>a</b>')],
  ['depth', filled(pageLength, '<b>')],
  ['robots directives', filled(pageLength, 'a,', '<meta name="robots" content="', '">')],
  ['reservations', filled(pageLength, '0,', '<meta name="tdm-reservation" content="', '">')],
  [
    'JSON-LD',
    filled(
      pageLength,
      '{"@type":"ImageObject","contentUrl":"a","name":"b"},',
      '<script type="application/ld+json">[',
      '{}]</script>',
    ),
  ],
  ['brackets of JSON-LD', filled(pageLength, '[', ld)],
  ['levels of JSON-LD', `${ld}${'['.repeat(500_000)}${']'.repeat(500_000)}</script>`],
  ['objects of JSON-LD', filled(1_000_000, '{},', `${ld}[`, '{}]</script>').repeat(5)],
  [
    'structured data that says much of images with many alts',
    Array.from({ length: 20_000 }, (_, i) => `<img src=${i % 200} alt="a ${i}">`).join('') +
      Array.from(
        { length: 40 },
        (_, i) =>
          `${ld}${JSON.stringify({ name: `${i} ${'\u4e2d '.repeat(1_000)}`, image: range200 })}</script>`,
      ).join(''),
  ],
  [
    'structured data that names one image of many alts again and again',
    Array.from({ length: 200 }, (_, i) => `<img src=x alt="a ${i}">`).join('') +
      filled(1_000_000, '"x",', `${ld}{"name":"the name","image":[`, '"x"]}</script>').repeat(4),
  ],
  [
    'scripts of JSON-LD',
    filled(
      pageLength,
      `<script type="application/ld+json">[${'{"@type":"ImageObject","contentUrl":"a","name":"b"},'.repeat(100)}{}]</script>`,
    ),
  ],
  [
    'Open Graph',
    filled(pageLength, '<meta property="og:image" content="a"><meta property="og:image:alt" content="b c">'),
  ],
]
/** Beginning of a sitemap that names a page, so that it is one that says something. */
const named = '<urlset><url><loc>/named</loc></url>'
const listings: readonly (readonly [string, string])[] = [
  ['empty entries', filled(listingLength, '<url></url>', named, '</urlset>')],
  [
    'images of one entry',
    filled(
      listingLength,
      '<image:image><image:loc>/a</image:loc><image:title>a b</image:title></image:image>',
      '<urlset><url>',
      '</url></urlset>',
    ),
  ],
  [
    'images of many entries',
    filled(
      listingLength,
      '<url><image:image><image:loc>/a</image:loc><image:title>a b</image:title></image:image></url>',
      '<urlset>',
      '</urlset>',
    ),
  ],
  ['other elements', filled(listingLength, '<a/>', named, '</urlset>')],
  [
    'titles of one image',
    filled(
      listingLength,
      '<media:title>a</media:title>',
      '<rss><item><enclosure type="image/png" url="/a"/>',
      '</item></rss>',
    ),
  ],
  ['one text', filled(listingLength, 'a', `${named}<url><loc>`, '</loc></url></urlset>')],
]

/** What a visit with this answer takes of the processor at most between two turns of the event loop, in milliseconds. */
async function longestHold(text: string, contentType: string): Promise<{ kind: string; ms: number }> {
  let ms = 0
  let before = process.cpuUsage()
  const measure = () => {
    const { user, system } = process.cpuUsage(before)
    ms = Math.max(ms, (user + system) / 1000)
  }
  const turn = async () => {
    measure()
    await new Promise((resolve) => setImmediate(resolve))
    before = process.cpuUsage()
  }
  const body = Buffer.from(
    contentType === 'text/html' ? `<!doctype html><title>x</title>${text}` : `<?xml version="1.0"?>${text}`,
  )
  const head = { status: 200, headers: { 'content-type': contentType } }
  const fetch: Fetch = async ({ onHead }) => {
    onHead?.(head)
    before = process.cpuUsage()
    return { kind: 'response', head, body, stopped: false }
  }
  const never = new AbortController().signal
  const outcome = await visit({ fetch, now: Date.now, random: Math.random, turn }, url, options, never)
  measure()
  return { kind: outcome.kind, ms }
}

/** Time of the processor, so that a busy machine changes little; the dearest of these take a third of it. */
const maxHoldMs = 200

describe('an answer that costs much', { timeout: 60_000 }, () => {
  it.each([
    ...pages.map(([name, text]) => [name, text, 'text/html'] as const),
    ...listings.map(([name, text]) => [name, text, 'text/xml'] as const),
  ])('never holds the event loop for long: %s', async (_, text, contentType) => {
    const { kind, ms } = await longestHold(text, contentType)
    expect(kind).toBe('page')
    expect(ms).toBeLessThan(maxHoldMs)
  })
})
