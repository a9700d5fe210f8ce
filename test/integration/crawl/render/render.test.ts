import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readPage } from '../../../../src/crawl/extract/index.js'
import {
  type Ask,
  allOptOuts,
  atOnce,
  joinRendered,
  type RenderOutcome,
} from '../../../../src/crawl/index.js'
import type { Page } from '../../../../src/crawl/page.js'
import type { Renderer } from '../../../../src/crawl/render/index.js'
import { createNet, type Net } from '../../../../src/net/index.js'
import { chromium, openRenderer, unlessThere } from '../../../fixtures/render/chromium.js'
import { type Mischief, type OwnPage, startMischief } from '../../../fixtures/web/mischief.js'

const never = new AbortController().signal
const options = { imageSize: 512, productToken: 'pairmill', obeyed: allOptOuts }
const script = (body: string): OwnPage => ({ headers: { 'content-type': 'text/javascript' }, body })

describe.skipIf(chromium === null)(`a page in a real Chromium${unlessThere}`, { timeout: 120_000 }, () => {
  let web: Mischief
  let net: Net
  let renderer: Renderer
  let pages: Record<string, OwnPage>
  let asked: string[]

  beforeAll(async () => {
    web = await startMischief({ pages: (host, path) => pages[`${host}${path}`] ?? pages[path] })
    const toWeb = { fromHost: '', fromPort: null, toHost: '127.0.0.1', toPort: web.port }
    net = createNet({ userAgent: 'pairmill/test', connectTo: [toWeb], allowPrivate: ['127.0.0.0/8'] })
    renderer = openRenderer()
  })
  beforeEach(() => {
    pages = {}
    asked = []
    web.seen.length = 0
  })
  afterAll(async () => {
    await renderer.close()
    await net.close()
    await web.close()
  })

  const render = (html: string, over: { ask?: Ask; headers?: Record<string, string>; url?: string } = {}) => {
    const ask: Ask = async (url) => {
      asked.push(url)
      return over.ask === undefined ? 'allowed' : over.ask(url)
    }
    const job = {
      url: over.url ?? 'http://site.test/dir/page',
      html,
      headers: over.headers ?? {},
      userAgent: 'pairmill/test',
    }
    return renderer.render(job, { dial: net.dial, ask }, 100_000, never)
  }
  const rendered = async (...wish: Parameters<typeof render>) => {
    const outcome = await render(...wish)
    expect(outcome).toMatchObject({ kind: 'rendered' })
    return outcome as Extract<RenderOutcome, { kind: 'rendered' }>
  }
  /** The page as a crawl has it after its render. */
  const seen = async (
    html: string,
    over: Parameters<typeof render>[1] = {},
    isInScope = (_: string) => true,
  ) => {
    const url = over.url ?? 'http://site.test/dir/page'
    const context = { ...options, contentLanguage: null, xRobotsTag: null }
    const page: Page = {
      url,
      status: 200,
      bytes: html.length,
      digest: '',
      ...readPage(html, url, context).page,
    }
    return atOnce(joinRendered(page, await rendered(html, over), over.headers ?? {}, options, isInScope))
  }
  const pairs = (page: Page) =>
    page.candidates
      .map(({ imageUrl, captions }) => `${new URL(imageUrl).pathname} ${captions[0]?.text}`)
      .sort()

  it('is built by its scripts, which come from where the page says', async () => {
    pages['/app.js'] = script(`
      const image = document.createElement('img')
      image.src = 'late.jpg'
      image.alt = 'A cat that came late'
      document.querySelector('#root').append(image)
      fetch('/data.json').then((answer) => answer.json()).then(({ src, alt }) => {
        document.querySelector('#root').insertAdjacentHTML('beforeend', '<figure><img src="' + src + '"><figcaption>' + alt + '</figcaption></figure>')
      })`)
    pages['/data.json'] = {
      headers: { 'content-type': 'application/json' },
      body: '{"src":"/told.jpg","alt":"A dog that was told of"}',
    }
    const { page, hasPaid, candidates } = await seen('<div id="root"></div><script src="/app.js"></script>')
    expect(pairs(page)).toEqual(['/dir/late.jpg A cat that came late', '/told.jpg A dog that was told of'])
    expect([hasPaid, candidates]).toEqual([true, 2])
    // Nobody asked for the page again, nor for its pictures.
    expect(web.seen.map(({ path }) => path).sort()).toEqual(['/app.js', '/data.json'])
    expect(asked.sort()).toEqual(['http://site.test/app.js', 'http://site.test/data.json'])
  })

  it('is asked for over https as over http, by a connection that is checked as every other', async () => {
    const outcome = await rendered('<script src="https://site.test/app.js"></script><p>text')
    // The web of this test speaks no TLS: the guard gets as far as the dial, by the rules of every other fetch.
    expect(asked).toEqual(['https://site.test/app.js'])
    expect(outcome.page.snapshot.html).toContain('text')
  })

  it('is scrolled to its end, and what scrolls within it too', async () => {
    const lazy = (id: string) =>
      `<img id="${id}" alt="Seen when ${id} came into view" width="400" height="300">`
    const html = `<body>${lazy('a')}<div style="height:9000px">high</div>${lazy('b')}
      <div style="height:400px;overflow-y:scroll"><div style="height:3000px">inner</div>${lazy('c')}</div>
      <script>
        const watch = new IntersectionObserver((seen) => {
          for (const { isIntersecting, target } of seen) if (isIntersecting) target.src = '/' + target.id + '.jpg'
        })
        for (const image of document.images) watch.observe(image)
      </script>`
    expect(pairs((await seen(html)).page)).toEqual([
      '/a.jpg Seen when a came into view',
      '/b.jpg Seen when b came into view',
      '/c.jpg Seen when c came into view',
    ])
  })

  it('grows as it is scrolled', async () => {
    const html = `<body><p>start</p><script>
      let n = 0
      const more = () => { if (n < 5) document.body.insertAdjacentHTML('beforeend', '<div style="height:1500px"><img src="/' + ++n + '.jpg" alt="Number ' + n + ' of an endless page"></div>') }
      more()
      addEventListener('scroll', () => { if (innerHeight + scrollY > document.body.scrollHeight - 200) more() })
    </script>`
    expect(pairs((await seen(html)).page)).toHaveLength(5)
  })

  it('is read into its shadow roots, open and closed, with what is put into their slots', async () => {
    const html = `<open-card><span slot="text">A fox in an open root</span></open-card><closed-card></closed-card>
      <div><template shadowrootmode="open"><img src="/declared.jpg" alt="A wolf in a declared root"></template></div>
      <script>
        customElements.define('open-card', class extends HTMLElement {
          connectedCallback() {
            this.attachShadow({ mode: 'open' }).innerHTML = '<figure><img src="/open.jpg"><figcaption><slot name="text"></slot></figcaption></figure>'
          }
        })
        customElements.define('closed-card', class extends HTMLElement {
          connectedCallback() {
            this.attachShadow({ mode: 'closed' }).innerHTML = '<img src="/closed.jpg" alt="A bear in a closed root">'
          }
        })
      </script>`
    expect(pairs((await seen(html)).page)).toEqual([
      '/closed.jpg A bear in a closed root',
      '/declared.jpg A wolf in a declared root',
      '/open.jpg A fox in an open root',
    ])
  })

  it('is read into its frames, each with the URL, base and word of its own', async () => {
    pages['/framed'] = '<img src="deep.jpg" alt="A hen in a frame"><a href="on">on</a>'
    pages['other.test/framed'] = '<img src="deep.jpg" alt="A hen of another site">'
    pages['/closed'] = {
      headers: { 'x-robots-tag': 'noindex' },
      body: '<img src="/no.jpg" alt="A hen that says no">',
    }
    const html = `<iframe src="/framed"></iframe><iframe src="http://other.test/framed"></iframe><iframe src="/closed"></iframe>
      <iframe srcdoc="<img src='inline.jpg' alt='A hen written into the page'>"></iframe>
      <script>document.body.append(document.createElement('iframe'))
      frames[4].document.body.innerHTML = '<img src="written.jpg" alt="A hen written by a script">'</script>`
    const { page } = await seen(html, {}, (url) => new URL(url).host === 'site.test')
    expect(pairs(page)).toEqual([
      '/deep.jpg A hen in a frame',
      '/dir/inline.jpg A hen written into the page',
      '/dir/written.jpg A hen written by a script',
    ])
    expect(page.candidates.find(({ imageUrl }) => imageUrl.endsWith('/deep.jpg'))?.pageUrl).toBe(
      'http://site.test/framed',
    )
    expect(page.links).toContain('http://site.test/on')
  })

  it('loses none of its own pairs, and has none twice', async () => {
    const html = `<img src="/static.jpg" alt="A static cat"><script>
      document.images[0].remove()
      document.body.insertAdjacentHTML('beforeend', '<img src="/new.jpg" alt="A new cat"><img src="/new.jpg" alt="A new cat">')
    </script>`
    expect(pairs((await seen(html)).page)).toEqual(['/new.jpg A new cat', '/static.jpg A static cat'])
  })

  it('that a script opts out of has no pairs at all', async () => {
    const html = `<img src="/a.jpg" alt="A cat that may not be taken"><a href="/on">on</a><script>
      document.head.insertAdjacentHTML('beforeend', '<meta name="robots" content="noimageai, nofollow">')
    </script>`
    const { page, hasPaid } = await seen(html)
    expect(page).toMatchObject({
      candidates: [],
      links: [],
      refusal: { rule: 'meta-robots', value: 'noimageai' },
    })
    expect(hasPaid).toBe(false)
  })

  it('that a script leaves stays what it is, and says where it would have gone', async () => {
    const { movedTo, page } = await rendered('<p>here</p><script>location.href = "/elsewhere#there"</script>')
    expect(movedTo).toBe('http://site.test/elsewhere')
    expect(page.snapshot.html).toContain('here')
    expect(web.seen).toEqual([])
  })

  it('is not brought what its host forbids, however it is asked for', async () => {
    pages['/redirect.js'] = { status: 302, headers: { location: '/forbidden/r.js' } }
    const html = `<script src="/forbidden/a.js"></script><script src="/redirect.js"></script><link rel="stylesheet" href="/forbidden/a.css">
      <iframe src="/forbidden/frame"></iframe><script>fetch('/forbidden/data'); new Worker('/forbidden/worker.js')
      import('/forbidden/module.js').catch(() => {}); navigator.sendBeacon('/forbidden/beacon')</script>`
    const ask: Ask = async (url) => (url.includes('/forbidden/') ? 'robots' : 'allowed')
    const { report } = await rendered(html, { ask })
    expect(web.seen.map(({ path }) => path)).toEqual(['/redirect.js'])
    expect(report.refused.robots).toBeGreaterThanOrEqual(6)
    expect(report.requests).toEqual(new Map([['site.test', 1]]))
  })

  it('only reads: other methods, sockets and pictures go nowhere', async () => {
    const html = `<img src="/a.jpg"><video src="/a.mp4"></video><style>@font-face { font-family: f; src: url(/f.woff2) } p { font-family: f; background: url(/bg.png) }</style><p>text
      <form id="f" action="/form" method="post" target="i"></form><iframe name="i"></iframe>
      <script>fetch('/post', { method: 'POST', body: 'x' }).catch(() => {}); fetch('/delete', { method: 'DELETE' }).catch(() => {})
      f.submit(); new WebSocket('ws://site.test/socket'); new WebSocket('wss://site.test/socket'); new EventSource('/events')
      window.open('/popup')</script>`
    const { report } = await rendered(html)
    expect(web.seen.map(({ path }) => path)).toEqual(['/events'])
    expect(report.refused.method).toBeGreaterThanOrEqual(2)
  })

  it('asks for so much and no more', async () => {
    const many = await rendered(
      `<p>text<script>for (let i = 0; i < 300; i++) fetch('/small?' + i).catch(() => {})</script>`,
    )
    expect(many.report.requests.get('site.test')).toBe(200)
    expect(many.report.refused.requests).toBe(100)
    const much = await rendered(
      `<p>text<script>for (let i = 0; i < 12; i++) fetch('/page?bytes=3000000&' + i).then((answer) => answer.text()).catch(() => {})</script>`,
    )
    expect(much.report.bytes).toBeLessThan(22_000_000)
    expect(much.report.refused.bytes).toBeGreaterThan(0)
  })

  it('is given its own Content-Security-Policy', async () => {
    const csp = { 'content-security-policy': "script-src 'none'" }
    const { page } = await seen(
      '<p>text<script>document.body.innerHTML = "<img src=/x.jpg alt=made>"</script>',
      { headers: csp },
    )
    expect(page.candidates).toEqual([])
  })

  it('knows nothing of the pages before it', async () => {
    const html = `<p id="p"></p><script>
      p.textContent = 'cookie ' + document.cookie + ', stored ' + localStorage.getItem('k')
      document.cookie = 'k=v; max-age=9999'; localStorage.setItem('k', 'v')
      if (navigator.serviceWorker) navigator.serviceWorker.register('/sw.js').catch(() => {})</script>`
    await rendered(html, { url: 'https://site.test/' })
    expect((await rendered(html, { url: 'https://site.test/' })).page.snapshot.html).toContain(
      'cookie , stored null',
    )
    expect(web.seenOf('/sw.js')).toEqual([])
  })

  it('that spoils every tool of its window is read all the same', async () => {
    const html = `<img src="/a.jpg" alt="A cat behind it all"><script>
      document.querySelectorAll = () => { throw 1 }; Node.prototype.cloneNode = null
      Array.prototype.push = () => 0; Array.prototype[Symbol.iterator] = null; String.prototype.replace = () => 'spoilt'
      Object.defineProperty(Document.prototype, 'documentElement', { get: () => null })
      window.performance = null; window.MutationObserver = null; JSON.stringify = () => '{}'</script>`
    expect((await rendered(html)).page.snapshot.html).toContain('A cat behind it all')
  })
})
