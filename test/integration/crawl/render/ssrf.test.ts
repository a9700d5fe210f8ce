import { createSocket, type Socket } from 'node:dgram'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Ask, RenderOutcome } from '../../../../src/crawl/index.js'
import type { Renderer } from '../../../../src/crawl/render/index.js'
import { type Address, createNet, type NetOptions } from '../../../../src/net/index.js'
import { hostileHosts } from '../../../fixtures/net/hostile-hosts.js'
import { chromium, openRenderer, patientLimits, unlessThere } from '../../../fixtures/render/chromium.js'
import { type Mischief, startMischief } from '../../../fixtures/web/mischief.js'

const never = new AbortController().signal

describe.skipIf(chromium === null)(
  `a page that is after this machine${unlessThere}`,
  { timeout: 180_000 },
  () => {
    let near: Mischief
    let start: Mischief
    let renderer: Renderer
    beforeAll(async () => {
      near = await startMischief()
      start = await startMischief({ address: '127.9.9.9' })
      renderer = openRenderer({ limits: { ...patientLimits, maxRequests: 5_000 } })
    })
    afterAll(async () => {
      await renderer.close()
      await near.close()
      await start.close()
    })

    /** Renders a page of a site that may be reached, at one address, beside which nothing may. */
    const render = async (
      html: string,
      over: Partial<NetOptions> = {},
      ask: Ask = async () => 'allowed',
    ): Promise<RenderOutcome> => {
      const net = createNet({
        userAgent: 'test',
        allowPrivate: ['127.9.9.9/32'],
        connectTo: [{ fromHost: 'start.example', fromPort: null, toHost: '127.9.9.9', toPort: start.port }],
        ...over,
      })
      const job = { url: 'http://start.example/', html, headers: {}, userAgent: 'test' }
      const outcome = await renderer.render(job, { dial: net.dial, ask }, 100_000, never)
      await net.close()
      return outcome
    }
    /** Ways in which a page can name an address: what makes the browser ask for `url`. */
    const ways: Readonly<Record<string, string>> = {
      fetch: `fetch(url, { mode: 'no-cors' })`,
      redirect: `fetch('/redirect-to?to=' + encodeURIComponent(url), { mode: 'no-cors' })`,
      socket: `new WebSocket(url.replace('http', 'ws'))`,
      iframe: `add('iframe', { src: url })`,
      script: `add('script', { src: url })`,
      'iframe-redirect': `add('iframe', { src: '/redirect-to?to=' + encodeURIComponent(url) })`,
      beacon: `navigator.sendBeacon(url, 'x')`,
      events: `new EventSource(url)`,
      module: `import(url)`,
      xhr: `(() => { const request = new XMLHttpRequest(); request.open('GET', url); request.send() })()`,
      style: `add('link', { rel: 'stylesheet', href: url })`,
      preload: `add('link', { rel: 'preload', href: url, as: 'script' })`,
      prefetch: `add('link', { rel: 'prefetch', href: url })`,
      preconnect: `add('link', { rel: 'preconnect', href: url })`,
      'dns-prefetch': `add('link', { rel: 'dns-prefetch', href: url })`,
      manifest: `add('link', { rel: 'manifest', href: url })`,
      icon: `add('link', { rel: 'icon', href: url })`,
      img: `add('img', { src: url })`,
      object: `add('object', { data: url })`,
      embed: `add('embed', { src: url })`,
      video: `add('video', { src: url })`,
      popup: `open(url)`,
      form: `(() => { const form = add('form', { action: url, target: 'f' }); add('iframe', { name: 'f' }); form.submit() })()`,
    }
    const trying = (
      hosts: readonly string[],
      names: readonly string[],
      scheme: string,
    ) => `<body><p>text<script>
    const add = (name, attributes) => { const made = Object.assign(document.createElement(name), attributes); document.body.append(made); return made }
    const quietly = (act) => { try { Promise.resolve(act()).catch(() => {}) } catch {} }
    for (const host of ${JSON.stringify(hosts)}) {
      const urlOf = (way) => '${scheme}://' + host + ':${near.port}/page?' + way
      ${names.map((name) => `quietly(() => { const url = urlOf('${name}'); return ${ways[name]} })`).join('\n')}
    }
  </script>`

    it('reaches it by no spelling of its address', async () => {
      const before = near.connections()
      const hosts = hostileHosts.map(([, host]) => host)
      const some = ['fetch', 'redirect', 'socket', 'iframe', 'script']
      // A page of a few at a time, as no real one names so many.
      for (let i = 0; i < hosts.length; i += 36) {
        const outcome = await render(trying(hosts.slice(i, i + 36), some, 'http'))
        expect(outcome.kind).toBe('rendered')
        expect(outcome.report.refused.address).toBeGreaterThan(36)
      }
      expect(near.connections()).toBe(before)
    })

    it.each(['http', 'https'])('reaches it in no way: %s', async (scheme) => {
      const before = near.connections()
      const hosts = ['127.0.0.1', 'localhost', '[::1]', '0x7f.1', '169.254.169.254']
      const outcome = await render(trying(hosts, Object.keys(ways), scheme))
      expect(outcome.kind).toBe('rendered')
      expect(outcome.report.refused.address).toBeGreaterThan(5 * 6)
      expect(near.connections()).toBe(before)
    })

    it('would reach it, were it not for the guard', async () => {
      await render(trying(['127.0.0.1'], Object.keys(ways), 'http'), { allowPrivate: ['127.0.0.0/8'] })
      const reached = new Set(near.seen.map(({ path }) => path.split('?')[1]))
      for (const way of [
        'fetch',
        'redirect',
        'events',
        'module',
        'xhr',
        'iframe',
        'iframe-redirect',
        'script',
        'style',
      ])
        expect(reached).toContain(way)
      for (const way of ['img', 'video', 'beacon', 'socket', 'popup', 'icon'])
        expect(reached).not.toContain(way)
    })

    it.each([1, 2, 4])('is not led there by a redirect at hop %i', async (hop) => {
      const before = near.connections()
      let path = `/redirect-to?to=${encodeURIComponent(`http://127.0.0.1:${near.port}/page`)}`
      for (let i = 1; i < hop; i++)
        path = `/redirect-to?to=${encodeURIComponent(`http://start.example${path}`)}`
      const outcome = await render(`<script src="${path}"></script><p>text`)
      expect(outcome.report.requests.get('start.example')).toBe(hop)
      expect(outcome.report.refused).toEqual({ address: 1 })
      expect(near.connections()).toBe(before)
    })

    it('is not led there by a name that is rebound', async () => {
      const before = near.connections()
      const answer = { headers: { connection: 'close' }, body: 'here' }
      const first = await startMischief({ address: '127.7.7.7', pages: () => answer })
      const answers: Address[][] = [[{ address: '127.7.7.7', family: 4 }]]
      let nowMs = 0
      const outcome = await render(
        `<p>text<script>
        const get = (n) => fetch('http://rebound.example:${first.port}/page?' + n, { mode: 'no-cors' })
        get(1).then(() => get(2)).catch(() => {})
      </script>`,
        {
          allowPrivate: ['127.7.7.7/32'],
          resolve: async () => answers.shift() ?? [{ address: '127.0.0.1', family: 4 }],
          now: () => nowMs,
        },
        async (url) => {
          if (url.endsWith('?2')) {
            // The first connection was closed by its answer; the name's address is no longer kept either.
            await first.close()
            nowMs = 3_600_000
          }
          return 'allowed'
        },
      )
      expect(outcome.report.requests.get(`rebound.example:${first.port}`)).toBe(2)
      expect(outcome.report.refused).toEqual({ address: 1 })
      expect(near.connections()).toBe(before)
    })

    it('sends it nothing past the proxy: no WebRTC, no QUIC, no names asked for', async () => {
      let packets = 0
      const listener: Socket = createSocket('udp4')
      listener.on('message', () => void packets++)
      await new Promise<void>((resolve) => listener.bind(0, '127.0.0.1', resolve))
      const { port } = listener.address()
      const before = near.connections()
      const outcome = await render(`<p id="p">text</p><iframe srcdoc="x"></iframe><script>
      const windows = [window, frames[0]]
      const found = []
      for (const w of windows) for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'WebTransport']) if (w[name]) found.push(name)
      p.textContent = 'found: ' + found
      for (const w of windows) {
        try {
          const peer = new w.RTCPeerConnection({ iceServers: [{ urls: 'stun:127.0.0.1:${port}' }, { urls: 'turn:127.0.0.1:${near.port}?transport=tcp', username: 'u', credential: 'c' }] })
          peer.createDataChannel('d')
          peer.createOffer().then((offer) => peer.setLocalDescription(offer))
        } catch {}
        try { new w.WebTransport('https://127.0.0.1:${port}/') } catch {}
      }
    </script>`)
      expect(outcome).toMatchObject({ kind: 'rendered' })
      expect(outcome.kind === 'rendered' && outcome.page.snapshot.html).toContain('found: <')
      listener.close()
      expect(packets).toBe(0)
      expect(near.connections()).toBe(before)
    })

    it.each([
      ['file:///etc/passwd', 'root:'],
      ['chrome://version', 'Chromium'],
      ['view-source:file:///etc/passwd', 'root:'],
    ])('reads nothing of it by %s', async (url, word) => {
      const html = `<p>text</p><iframe src="${url}"></iframe><script>fetch('${url}').then((a) => a.text()).then((t) => document.body.append(t)).catch(() => {}); open('${url}'); location.href = '${url}'</script>`
      const outcome = await render(html)
      if (outcome.kind !== 'rendered') throw new Error(outcome.reason)
      for (const { snapshot } of [outcome.page, ...outcome.frames]) expect(snapshot.html).not.toContain(word)
      expect(outcome.movedTo).toBeNull()
    })
  },
)
