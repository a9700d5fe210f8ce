import { monitorEventLoopDelay } from 'node:perf_hooks'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claimedPng, pngChunk, pngSignature, tiffHead } from '../../fixtures/filter/hostile.js'
import {
  attemptsOf,
  countersOf,
  type Ended,
  leftovers,
  newOut,
  pairmill,
  pairsOf,
  tally,
} from '../../fixtures/run/pairmill.js'
import { photo, photoAsPng, photos, sentence } from '../../fixtures/run/pictures.js'
import { type Shown, startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const delayMs = 300
const galleryPages = 14
const perPage = 3

/** Pages of trouble.test by path, and what each comes to. */
const troublePages: Readonly<Record<string, string>> = {
  '/drip?bytes=60&everyMs=10': 'page',
  '/page?bytes=20000': 'page',
  '/bad-charset': 'page',
  '/gzip?bytes=3000': 'page',
  '/too-many/1?retryAfter=1': 'page',
  '/flaky/1?status=500': 'page',
  '/early-hints': 'page',
  '/status/404': 'http_4xx',
  '/status/500': 'http_5xx',
  '/status/501': 'http_5xx',
  '/wrong-type': 'not_html',
  '/wrong-length': 'not_html',
  '/huge?bytes=6000000': 'too_large',
  '/gzip-bomb?megabytes=20': 'too_large',
  '/corrupt-gzip': 'encoding',
  '/cut': 'body_cut',
  '/reset': 'connection',
  '/huge-headers': 'headers',
  '/empty': 'empty',
  '/redirect-chain/8': 'redirects',
}

/** Images of one page of gallery.test: what is wrong with each, and the reason that it must be rejected for. */
interface Wrong extends Shown {
  readonly reason: string
}

const img = (path: string): string => `http://img.test${path}`

let web: TestWeb
beforeAll(async () => {
  web = await startTestWeb()
})
afterAll(() => web.close())

describe('a whole run over well-behaved and misbehaving hosts', { timeout: 60_000 }, () => {
  let out: string
  let ended: Ended
  let counters: Record<string, number>
  let lagMs = 0
  const kept: string[] = []
  let wrong: readonly Wrong[]
  let twins: { exact: string[]; near: string[] }

  beforeAll(async () => {
    await serveGallery()
    wrong = await serveWrongImages()
    twins = await serveTwins()
    serveOddPages()
    out = newOut()
    const lag = monitorEventLoopDelay({ resolution: 1 })
    lag.enable()
    ended = await pairmill([
      'run',
      'http://gallery.test/',
      'http://trouble.test/',
      '--out',
      out,
      '--model',
      'none',
      '--lang',
      'en',
      '--delay-ms',
      String(delayMs),
      '--image-delay-ms',
      '0',
      '--batch-size',
      '16',
      '--shard-size',
      '20',
      ...web.words,
    ])
    lagMs = lag.max / 1e6
    counters = await countersOf(out)
  }, 200_000)

  /** A front page, pages in a chain and a fan, three pictures on each, a forbidden corner. */
  async function serveGallery() {
    web.serve('gallery.test/robots.txt', {
      headers: { 'content-type': 'text/plain' },
      body: 'User-agent: *\nDisallow: /private/\nDisallow: /pictures/secret\n',
    })
    const bytes = await photos(1000, galleryPages * perPage)
    const links = Array.from({ length: galleryPages / 2 }, (_, n) => `/p${n}.html`)
    web.page('gallery.test/', {
      links: [...links, '/private/a.html', '/wrong.html', '/twins.html', '/odd.html'],
    })
    for (let n = 0; n < galleryPages; n++) {
      const images: Shown[] = []
      for (let i = 0; i < perPage; i++) {
        const number = n * perPage + i
        const host = i === 0 ? 'gallery.test' : 'img.test'
        const url = `http://${host}/pictures/${number}.jpg`
        web.picture(`${host}/pictures/${number}.jpg`, bytes[number]!)
        images.push({ src: url, alt: sentence(number) })
        kept.push(`${url} ${sentence(number)}`)
      }
      // Half of the pages are linked from the front page, and each of them links to one of the other half.
      const next = n < links.length ? [`p${n + links.length}.html`] : []
      web.page(`gallery.test/p${n}.html`, { links: [...next, '#top', '/'], images })
    }
    web.page('gallery.test/private/a.html', {
      images: [{ src: img('/pictures/never.jpg'), alt: 'Nobody may ever see this picture' }],
    })
  }

  /** Answers that misbehave and are kept all the same, and those that are not. */
  async function serveWrongImages(): Promise<Wrong[]> {
    const good = await photos(3000, 7)
    const [late, flaky, mistyped, moved, fallback, chunky, overstated] = good
    let next = 200
    const fine = (src: string) => {
      const alt = sentence(next++)
      kept.push(`${src} ${alt}`)
      return { src, alt }
    }
    const jpeg = { 'content-type': 'image/jpeg' }
    web.serve('img.test/late.jpg', (before) =>
      before === 0 ? { status: 429, headers: { 'retry-after': '1' } } : { headers: jpeg, body: late! },
    )
    web.serve('img.test/flaky.jpg', (before) =>
      before === 0 ? { status: 500 } : { headers: jpeg, body: flaky! },
    )
    web.serve('img.test/mistyped', { headers: { 'content-type': 'text/html' }, body: mistyped! })
    web.picture('img.test/moved.jpg', moved!)
    web.picture('img.test/small.jpg', fallback!)
    web.serve('img.test/chunky.jpg', { headers: { ...jpeg, connection: 'close' }, body: chunky! })
    web.serve('img.test/overstated.jpg', {
      headers: { ...jpeg, 'content-length': String(overstated!.length + 1000), connection: 'close' },
      body: overstated!,
    })
    web.picture('img.test/from.png', await photoAsPng(3010))
    const good2: Shown[] = [
      fine(img('/late.jpg')),
      fine(img('/flaky.jpg')),
      fine(img('/mistyped')),
      fine(img('/redirect-to?to=/moved.jpg')),
      fine(img('/chunky.jpg')),
      fine(img('/overstated.jpg')),
      fine(img('/from.png')),
    ]

    const whole = await photo(3020)
    const flat = (width: number, height: number) =>
      sharp({ create: { width, height, channels: 3, background: 'teal' } })
        .jpeg()
        .toBuffer()
    web.serve('img.test/cut.jpg', {
      headers: { ...jpeg, 'content-length': String(whole.length), connection: 'close' },
      body: whole.subarray(0, whole.length / 2),
    })
    const half = await photo(3023)
    web.picture('img.test/half.jpg', half.subarray(0, half.length / 2))
    web.picture('img.test/oversize.jpg', Buffer.concat([whole, Buffer.alloc(21 * 1024 * 1024)]))
    web.serve('img.test/mislabelled.jpg', { headers: { ...jpeg, 'content-encoding': 'gzip' }, body: whole })
    web.serve('img.test/none.jpg', { headers: jpeg, body: '' })
    web.serve('img.test/drawing', {
      headers: { 'content-type': 'image/png' },
      body: '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300"><circle r="9"/></svg>',
    })
    web.picture('img.test/scan.tif', tiffHead)
    web.picture('img.test/bomb.png', claimedPng(30_000, 30_000))
    web.picture('img.test/spoilt.png', spoiltPng())
    web.picture('img.test/flat.jpg', await flat(400, 400))
    web.picture('img.test/small-side.jpg', await photo(3021, 500, 150))
    web.picture('img.test/banner.jpg', await photo(3022, 1000, 250))
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'])
      web.picture(`img.test/text-${name}.jpg`, whole)

    const bad = (reason: string, src: string, alt = sentence(next++)): Wrong => ({ reason, src, alt })
    const all: Wrong[] = [
      bad('http_4xx', img('/missing.jpg')),
      bad('http_5xx', img('/status/501')),
      bad('http_other', img('/status/300')),
      bad('http_other', img('/redirect-to?to=ftp://img.test/a.jpg')),
      bad('redirects', img('/redirect-loop')),
      bad('not_image', img('/wrong-type')),
      bad('too_large', img('/gzip-bomb?megabytes=50')),
      bad('body_cut', img('/cut.jpg')),
      bad('too_large', img('/oversize.jpg')),
      bad('encoding', img('/mislabelled.jpg')),
      bad('empty', img('/none.jpg')),
      bad('svg', img('/drawing')),
      bad('format', img('/scan.tif')),
      bad('bomb', img('/bomb.png')),
      bad('undecodable', img('/spoilt.png')),
      bad('truncated', img('/half.jpg')),
      bad('bytes_small', img('/flat.jpg')),
      bad('side_small', img('/small-side.jpg')),
      bad('aspect', img('/banner.jpg')),
      bad('robots', 'http://gallery.test/pictures/secret.jpg'),
      bad('caption_short', img('/text-a.jpg'), 'a b'),
      bad('caption_few_words', img('/text-b.jpg'), 'elephants'),
      bad('caption_file_name', img('/text-c.jpg'), 'IMG_20340.JPG'),
      bad('caption_url', img('/text-d.jpg'), 'www.example.org/a/picture'),
      bad('caption_placeholder', img('/text-e.jpg'), 'site logo'),
      bad('caption_markup', img('/text-f.jpg'), '<b>A bold</b> statement'),
      bad('caption_long', img('/text-g.jpg'), 'very long indeed '.repeat(100).trim()),
      bad('language', img('/text-h.jpg'), 'Ein kleiner Hund läuft über die grüne Wiese und bellt laut'),
      ...Array.from({ length: 11 }, (_, n) =>
        bad('caption_repeated', img(`/repeated-${n}.jpg`), 'Welcome to the shop of all our friends'),
      ),
    ]
    web.page('gallery.test/wrong.html', { images: [...good2, ...all] })

    // A large candidate that is gone: the image is had from its src, and the row says so.
    const alt = sentence(next++)
    kept.push(`${img('/small.jpg')} ${alt}`)
    web.serve(
      'gallery.test/odd.html',
      `<img srcset="${img('/large.jpg')} 1000w" src="${img('/small.jpg')}" alt="${alt}">
       <img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="a picture within the page">
       <img src="${img('/drawing.svg')}" alt="a drawing made of lines">
       <img src="ftp://img.test/a.jpg" alt="a picture of another age">
       <img alt="a picture that is nowhere">
       <img src="${img('/silent.jpg')}">`,
    )
    return all
  }

  /** The same bytes under two names, and one picture saved twice: one of each is kept, whichever comes first. */
  async function serveTwins() {
    const [one, two] = [await photo(3040), await photo(3041)]
    web.picture('img.test/same-1.jpg', one)
    web.picture('img.test/same-2.jpg', one)
    web.picture('img.test/near-1.jpg', two)
    web.picture('img.test/near-2.jpg', await photo(3041, 240, 220, 92))
    const names = (stem: string) => [img(`/${stem}-1.jpg`), img(`/${stem}-2.jpg`)]
    const sources = { exact: names('same'), near: names('near') }
    const images = [...sources.exact, ...sources.near].map((src, n) => ({ src, alt: sentence(400 + n) }))
    web.page('gallery.test/twins.html', { images })
    return sources
  }

  function serveOddPages() {
    web.page('trouble.test/', {
      links: [
        ...Object.keys(troublePages),
        '/redirect-loop',
        '/redirect-to?to=http://elsewhere.test/',
        'http://elsewhere.test/',
        'mailto:nobody@trouble.test',
      ],
    })
  }

  it('ends with 0, a summary, and a dataset that verifies', async () => {
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(ended.stdout).toMatch(/^Done after .+: \d+ pairs in \d+ shards\.$/m)
    const verified = await pairmill(['verify', out])
    expect(verified.stdout).toContain('nothing is wrong')
    expect(verified.code).toBe(0)
    expect(leftovers(out)).toEqual([])
  })

  it('keeps exactly the pairs that it should', async () => {
    const attempts = await attemptsOf(out)
    const twin = new Set([...twins.exact, ...twins.near])
    const pairs = await pairsOf(out)
    expect(pairs.filter((pair) => !twin.has(pair.split(' ')[0]!))).toEqual([...kept].sort())
    for (const [reason, urls] of [
      ['duplicate_exact', twins.exact],
      ['duplicate_near', twins.near],
    ] as const) {
      const both = attempts.filter(({ url }) => urls.includes(url))
      const winner = both.find((one) => one.reason === null)
      expect(both.map((one) => one.reason).sort()).toEqual([reason, null].sort())
      expect(both.find((one) => one.reason !== null)?.duplicateOf).toBe(winner?.sha256)
    }
    expect(counters.kept).toBe(pairs.length)
  })

  it('rejects every other image for the reason that holds, and counts it', async () => {
    const attempts = await attemptsOf(out)
    const reasonOf = new Map(attempts.map(({ url, caption, reason }) => [`${url} ${caption}`, reason]))
    const found = wrong.map(({ src, alt }) => [src, reasonOf.get(`${src} ${alt}`)])
    expect(found).toEqual(wrong.map(({ src, reason }) => [src, reason]))
    const expected = tally([...wrong.map(({ reason }) => reason), 'duplicate_exact', 'duplicate_near'])
    const rejected = Object.entries(counters).filter(([name]) => name.startsWith('rejected:'))
    expect(Object.fromEntries(rejected.map(([name, n]) => [name.slice('rejected:'.length), n]))).toEqual(
      expected,
    )
    expect(counters.candidates).toBe(attempts.length)
    for (const [reason, n] of Object.entries(expected)) {
      expect(ended.stdout).toMatch(new RegExp(`^ +${reason} +${n} `, 'm'))
    }
  })

  it('counts every page that gave none, and every image that was no candidate', () => {
    const pages =
      1 + galleryPages + 3 + 1 + Object.values(troublePages).filter((what) => what === 'page').length
    expect(counters.pages).toBe(pages)
    const skipped = tally(Object.values(troublePages).filter((what) => what !== 'page'))
    expect(counters).toMatchObject({
      ...Object.fromEntries(Object.entries(skipped).map(([reason, n]) => [`page_skipped:${reason}`, n])),
      'page_skipped:robots': 1,
      'link_skipped:out_of_scope': 2,
      'image_skipped:data_url': 1,
      'image_skipped:svg': 1,
      'image_skipped:scheme': 1,
      'image_skipped:no_source': 1,
      'image_skipped:no_caption': 1,
    })
  })

  it('fetches nothing that a robots.txt forbids, or that is out of scope', () => {
    expect(web.seen.filter(({ path }) => path.startsWith('/private/'))).toEqual([])
    expect(
      web.seen.filter(({ host, path }) => host === 'gallery.test' && path.startsWith('/pictures/secret')),
    ).toEqual([])
    expect(web.seenOf('/pictures/never.jpg')).toEqual([])
    expect(web.seenAt('elsewhere.test')).toEqual([])
  })

  it('asks each host for its robots.txt first, and once', () => {
    for (const host of ['gallery.test', 'trouble.test', 'img.test']) {
      const paths = web.seenAt(host).map(({ path }) => path)
      expect(paths[0]).toBe('/robots.txt')
      expect(paths.filter((path) => path === '/robots.txt')).toHaveLength(1)
    }
  })

  it('names itself honestly in every request', () => {
    const names = new Set(web.seen.map(({ headers }) => headers['user-agent']))
    expect([...names]).toEqual([expect.stringMatching(/^pairmill\/\d+\.\d+$/)])
  })

  it('leaves --delay-ms between two pages of one host', () => {
    for (const host of ['gallery.test', 'trouble.test']) {
      const times = web
        .seenAt(host)
        .filter(({ path }) => !path.startsWith('/pictures/'))
        .map(({ timeMs }) => timeMs)
      const gaps = times.slice(1).map((time, n) => time - times[n]!)
      expect(gaps.length).toBeGreaterThan(10)
      // The delay lies between two departures; what is seen here is arrivals, each as late as the way and this process made it.
      const late = lagMs + 100
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(delayMs - late)
      // Lateness does not add up.
      expect(times.at(-1)! - times[0]!).toBeGreaterThanOrEqual(gaps.length * delayMs - late)
    }
  })
})

/** A PNG whose structure is whole and whose data is noise. */
function spoiltPng(): Buffer {
  const header = claimedPng(400, 400, 0).subarray(pngSignature.length, pngSignature.length + 25)
  const noise = Buffer.alloc(8000)
  for (let at = 0; at < noise.length; at++) noise[at] = (at * 7919) % 251
  return Buffer.concat([pngSignature, header, pngChunk('IDAT', noise), pngChunk('IEND', Buffer.alloc(0))])
}
