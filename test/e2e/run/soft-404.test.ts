import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attemptsOf, type Ended, newOut, pagesOf, pairmill } from '../../fixtures/run/pairmill.js'
import { photos, sentence } from '../../fixtures/run/pictures.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const hosts = ['yes.test', 'proper.test', 'app.test']
const pages = 9
const dead = 6
const words = [
  'Thrown by hand and fired twice, with a glaze from cobalt and ash of beech.',
  'A basket of willow from the river, woven in winter and dried by the stove.',
  'The chair has three legs and stands on every floor, as the old ones did.',
]
const shop = (title: string, main: string) =>
  `<!doctype html><html lang="en"><title>${title}</title><nav>Home, shop, about us, delivery and returns, contact</nav><main>${main}</main>` +
  '<footer>The lighthouse shop is open on Mondays and on Fridays, and in summer on Sundays too.</footer>'
const sorry = (path: string) =>
  shop(
    'Sorry',
    `<p>We have looked for ${path} and there is nothing of that name. Reference ${Math.random()}. <a href="/">Back</a>
    <img src="/lamp.jpg" alt="A lighthouse and its lamp in the evening">`,
  )

describe('a run over sites that answer for pages that they have not', { timeout: 300_000 }, () => {
  let web: TestWeb
  let out: string
  let ended: Ended

  beforeAll(async () => {
    web = await startTestWeb()
    const bytes = await photos(41_000, hosts.length * pages + 1)
    for (const [h, host] of hosts.entries()) {
      const links = [
        ...Array.from({ length: pages }, (_, n) => `<a href="/p${n}">on</a>`),
        ...Array.from({ length: dead }, (_, n) => `<a href="/gone/${n}">gone</a>`),
      ].join(' ')
      web.serve(`${host}/`, shop('Shop', links))
      for (let n = 0; n < pages; n++) {
        const number = h * pages + n
        web.picture(`${host}/${n}.jpg`, bytes[number]!)
        const img = `<img src="/${n}.jpg" alt="${sentence(number)}">`
        // Every page of the app is the same until a script has run.
        if (host !== 'app.test')
          web.serve(`${host}/p${n}`, shop(`Thing ${'abcdefghi'[n]}`, `<p>${words[n % 3]} ${img}`))
      }
    }
    web.picture('yes.test/lamp.jpg', bytes.at(-1)!)
    web.otherwise('yes.test', sorry)
    web.otherwise('app.test', (path) =>
      path.endsWith('.txt') || path.endsWith('.json')
        ? { status: 404 }
        : `<!doctype html><title>App</title><div id="root"></div><script nonce="${Math.random()}" src="/app.js"></script>`,
    )
    for (const path of ['/robots.txt', '/ai.txt', '/.well-known/tdmrep.json'])
      web.serve(`yes.test${path}`, { status: 404 })
    out = newOut()
    const options = [
      '--model',
      'none',
      '--dedupe',
      'off',
      '--delay-ms',
      '3',
      '--batch-size',
      '8',
      '--concurrency',
      '3',
      // A browser would find the pages of the app alike to the letter, and so copies.
      '--render',
      'never',
    ]
    const seeds = hosts.map((host) => `http://${host}/`)
    ended = await pairmill(['run', ...seeds, '--out', out, ...options, ...web.words])
  }, 120_000)
  afterAll(() => web.close())

  it('takes every page that is there, and none that is not', async () => {
    expect(ended).toMatchObject({ code: 0, signal: null })
    const rows = new Map((await pagesOf(out)).map((row) => [row.url, row.reason ?? row.outcome]))
    for (const host of ['yes.test', 'proper.test']) {
      for (let n = 0; n < pages; n++)
        expect([host, n, rows.get(`http://${host}/p${n}`)]).toEqual([host, n, 'read'])
      for (let n = 0; n < dead; n++) {
        const outcome = rows.get(`http://${host}/gone/${n}`)
        expect([host, n, outcome]).toEqual([host, n, host === 'yes.test' ? 'soft_404' : 'http_4xx'])
      }
    }
    const lamps = (await attemptsOf(out)).filter(({ url }) => url.endsWith('lamp.jpg'))
    expect(lamps).toEqual([])
  })

  it('drops nothing of a site that is empty until its script has run', async () => {
    const app = (await pagesOf(out)).filter(({ host }) => host === 'app.test')
    expect(app).toHaveLength(1 + pages + dead)
    for (const { outcome } of app) expect(outcome).toBe('read')
  })

  it('asks each host once', () => {
    for (const host of hosts) {
      const asked = web.seenAt(host).filter(({ path }) => /^\/[a-z]{24}$/.test(path))
      expect(asked, host).toHaveLength(1)
    }
  })
})
