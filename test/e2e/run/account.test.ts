import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { members, record, response, wat } from '../../fixtures/crawl/sources/archive/warc-writer.js'
import { fleetDesk } from '../../fixtures/fleet/fleet-desk.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'
import { attemptsOf, countersOf, newOut, pairmill, tempFolder } from '../../fixtures/run/pairmill.js'
import { photos, sentence } from '../../fixtures/run/pictures.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const first = 70_000
const pictureOf = (n: number) => `http://img.net/${n}.jpg`
const img = (n: number) => `<img src="${pictureOf(n)}" alt="${sentence(first + n)}">`
const html = (body: string, head = '') =>
  `<!doctype html><html lang="en"><head><title>Test</title>${head}</head><body>${body}</body></html>`
const links = (...paths: readonly string[]) => paths.map((path) => `<a href="${path}">on</a>`).join('')
const redirect = (to: string) => ({ status: 302, headers: { location: to }, body: '' })

type Counters = Readonly<Record<string, number>>
const sum = (counters: Counters, prefix: string): number =>
  Object.entries(counters).reduce((all, [name, n]) => all + (name.startsWith(prefix) ? n : 0), 0)
/** Both sides of the account: whatever was seen is somewhere, and whatever is a candidate has its verdict. Reasons are known by their family alone. */
function expectToAddUp(counters: Counters): void {
  const of = (name: string) => counters[name] ?? 0
  const seen = of('images_seen') + of('images_named') + of('rows')
  const leftOut = sum(counters, 'image_skipped:') + sum(counters, 'row_skipped:') + of('list_row_joined')
  expect(seen).toBe(of('candidates') + of('candidates_known') + leftOut)
  expect(of('candidates')).toBe(of('kept') + sum(counters, 'rejected:'))
}

const hostPages = 12
/** One of everything that takes an image, a link or a page out of the crawl. */
function serveEverything(web: TestWeb): void {
  const page = (path: string, body: string, head = '') => web.serve(`www.site.test${path}`, html(body, head))
  const copies = Array.from({ length: 5 }, (_, n) => `/copies/${n}`)
  page(
    '/',
    [
      img(0),
      img(0),
      `<img data-src="${pictureOf(1)}" alt="${sentence(first + 1)}"><noscript>${img(1)}</noscript>`,
      '<img src="data:image/png;base64,AA" alt="A cat"><img src="/logo.svg" alt="Logo">',
      '<img src="file:///x.jpg" alt="A cat"><img alt="A cat"><img src="http://" alt="A cat"><img src="/mute.jpg">',
      `<img src="${pictureOf(9)}" alt="IMG_2041.jpg">`,
      links('/again', '/closed', '/self', '/there', '/cal/2028/12', '/shut', '/gone'),
      links('http://other.test/', '/news/news/news/', '/topic/4821/2', ...copies),
      '<a href="/asked-not" rel="nofollow">no</a>',
    ].join('\n'),
    [
      `<meta property="og:image" content="${pictureOf(0)}">`,
      `<meta property="og:image" content="${pictureOf(2)}"><meta property="og:image:alt" content="${sentence(first + 2)}">`,
      '<script type="application/ld+json">{"@type":"ImageObject","contentUrl":"/drawn.svg","caption":"A cat"}</script>',
    ].join(''),
  )
  page('/again', img(0) + img(3))
  page('/topic/4821/2', img(4))
  page('/closed', img(5) + img(6), '<meta name="robots" content="noimageindex">')
  page('/cal/2028/12', links('/cal/2029/01'))
  for (const path of copies) page(path, img(7))
  web.serve('www.site.test/self', redirect('/self'))
  web.serve('www.site.test/there', redirect('/back'))
  web.serve('www.site.test/back', redirect('/there'))
  web.serve('www.site.test/robots.txt', {
    headers: { 'content-type': 'text/plain' },
    body: 'User-agent: *\nDisallow: /shut',
  })
  const many = Array.from({ length: hostPages + 3 }, (_, n) => `/${n + 1}`)
  web.serve('many.test/', html(links(...many)))
  for (const [n, path] of many.entries()) web.serve(`many.test${path}`, html(`Page ${n}`))
}

const seeds = ['http://www.site.test/', 'http://many.test/']
/** What the crawl of it counts, on every backend. */
const counted = {
  // /, again, topic, closed, cal, three of the copies
  pages: 8 + hostPages,
  'page_skipped:copy': 2,
  'page_skipped:redirect_loop': 2,
  'page_skipped:robots': 1,
  'page_skipped:http_4xx': 1,
  'page_skipped:host_budget': 4,
  'link_skipped:out_of_scope': 1,
  'link_skipped:nofollow': 1,
  'link_skipped:trap_path': 1,
  'link_skipped:trap_calendar': 1,
  images_seen: 11 + 2 + 1 + 2 + 3,
  images_named: 3,
  'image_skipped:repeated': 3,
  'image_skipped:data_url': 1,
  'image_skipped:svg': 2,
  'image_skipped:scheme': 1,
  'image_skipped:no_source': 1,
  'image_skipped:bad_url': 1,
  'image_skipped:no_caption': 1,
  'image_skipped:opt_out': 2,
  candidates_known: 3,
  candidates: 7,
  'rejected:caption_file_name': 1,
  kept: 6,
}

describe('the account of a run', { timeout: 300_000 }, () => {
  let web: TestWeb
  beforeAll(async () => {
    web = await startTestWeb()
    const bytes = await photos(first, 9)
    for (const [n, body] of bytes.entries()) web.picture(pictureOf(n).slice('http://'.length), body)
    serveEverything(web)
  }, 60_000)
  afterAll(() => web.close())

  const common = () => [
    ...['--model', 'none', '--dedupe', 'off', '--delay-ms', '4', '--render', 'never'],
    ...['--max-pages-per-host', String(hostPages), ...web.words],
  ]
  const shown = [
    /^ +known already +3 +13\.6 % +of images$/m,
    /^Links left out: 4$/m,
    /^ +trap_calendar +1 +25\.0 % +one date after the other without end$/m,
    /^ +redirect_loop +2 .*redirect that leads back to where it came from/m,
    /^ +host_budget +4 .*--max-pages-per-host/m,
    /^ +repeated +3 .*shown or named again on its page/m,
    /^ +opt_out +2 .*its page asks to leave its images alone/m,
  ]

  it('adds up in a folder, and the summary and status show every part of it', async () => {
    const out = newOut()
    const { code, stdout } = await pairmill(['run', ...seeds, '--out', out, ...common()])
    expect(code).toBe(0)
    const counters = await countersOf(out)
    expectToAddUp(counters)
    expect(counters).toMatchObject(counted)
    const status = await pairmill(['status', out])
    for (const line of shown) {
      expect(stdout).toMatch(line)
      expect(status.stdout).toMatch(line)
    }
  })

  it('adds up for lists, with rows that cannot be used and rows that are there twice', async () => {
    const list = join(tempFolder(), 'list.jsonl')
    const row = (n: number, said = n) =>
      JSON.stringify({ url: pictureOf(n), caption: sentence(first + said) })
    const nothing = JSON.stringify({ url: pictureOf(4), caption: [] })
    const rows = [
      row(0),
      row(1),
      row(0),
      row(0, 1),
      nothing,
      '{"caption":"A cat"}',
      '{"url":"ftp://x"}',
      'nothing',
      row(2),
    ]
    writeFileSync(list, [...rows, JSON.stringify({ url: pictureOf(3) })].join('\n'))
    const out = newOut()
    const { code, stdout } = await pairmill([
      ...['images', list, '--out', out, ...common().slice(0, 4), ...web.words],
    ])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ +joined with earlier ones +2 +20\.0 % +of rows$/m)
    const counters = await countersOf(out)
    expectToAddUp(counters)
    expect(counters).toMatchObject({ rows: 10, list_row_joined: 2, candidates: 3, kept: 3 })
    const joined = (await attemptsOf(out)).find(({ url }) => url === pictureOf(0))
    for (const n of [0, 1]) expect(joined?.captions.map(({ text }) => text)).toContain(sentence(first + n))
  })

  it('adds up for archives of either kind', async () => {
    const folder = tempFolder()
    const body = `${img(0)}${img(0)}<img src="data:,"><meta property="og:image" content="${pictureOf(1)}">`
    const url = 'http://site.test/'
    writeFileSync(join(folder, 'a.warc.gz'), members(record({ url, block: response(body) })))
    const alt = sentence(first)
    const seen = [
      { path: 'IMG@/src', url: pictureOf(0), alt },
      { path: 'IMG@/src', url: pictureOf(1) },
    ]
    writeFileSync(join(folder, 'b.wat.gz'), members(wat({ url, links: seen })))
    const out = newOut()
    expect((await pairmill(['warc', folder, '--out', out, ...common().slice(0, 4), ...web.words])).code).toBe(
      0,
    )
    const counters = await countersOf(out)
    expectToAddUp(counters)
    expect(counters).toMatchObject({ archive_pages: 2, images_seen: 5, images_named: 1, candidates_known: 1 })
  })

  describe.skipIf(serverCommand === null)(`of a fleet${whyNoServer}`, () => {
    let server: RedisServer
    beforeAll(async () => {
      server = await startRedis('--maxmemory-policy', 'noeviction')
    }, 180_000)
    afterAll(() => server.close())

    it('is the same, and adds up', async () => {
      const { call, worker, statusOf, close } = await fleetDesk(`${server.url}?prefix=account`)
      try {
        const out = join(tempFolder(), 'out')
        const started = await call(['crawl', ...seeds, '--run', 'all', '--out', out, ...common()])
        expect(started).toMatchObject({ code: 0 })
        expect(await worker('all', '--until-done').ended).toMatchObject({ code: 0 })
        const { counters } = await statusOf('all')
        expectToAddUp(counters)
        expect(counters).toMatchObject(counted)
        const { stdout } = await call(['status', 'all'])
        for (const line of shown) expect(stdout).toMatch(line)
      } finally {
        await close()
      }
    })
  })
})
