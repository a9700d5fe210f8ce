import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { browserProcesses, chromium, unlessThere } from '../../fixtures/render/chromium.js'
import {
  countersOf,
  leftovers,
  newOut,
  pairmill,
  pairsOf,
  start,
  tempFolder,
} from '../../fixtures/run/pairmill.js'
import { photos, sentence } from '../../fixtures/run/pictures.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'
import type { OwnPage } from '../../fixtures/web/mischief.js'

const first = 1_400
const host = 'shop.test'
const staticPages = 12
const prose = `<p>${'Words that people read, and that say nothing of a picture. '.repeat(8)}</p>`
const javascript = (body: string): OwnPage => ({ headers: { 'content-type': 'text/javascript' }, body })

/** Pages of which a browser finds more than stands in their HTML, by what they are an example of. */
const built = {
  /** An application: the same HTML under every URL. */
  'app/1': `<div id="root"></div><script src="/app.js"></script>`,
  'app/2': `<div id="root"></div><script src="/app.js"></script>`,
  'app/3': `<div id="root"></div><script src="/app.js"></script>`,
  'app/4': `<div id="root"></div><script src="/app.js"></script>`,
  scroll: `${prose}<div style="height:6000px"></div><img id="lazy" alt="ALT" width="400" height="300"><script>
    new IntersectionObserver(([{ isIntersecting, target }]) => { if (isIntersecting) target.src = 'SRC' }).observe(document.querySelector('#lazy'))</script>`,
  shadow: `${prose}<my-card></my-card><script>customElements.define('my-card', class extends HTMLElement {
    connectedCallback() { this.attachShadow({ mode: 'closed' }).innerHTML = '<img src="SRC" alt="ALT">' } })</script>`,
  frame: `${prose}<iframe srcdoc="<img src='SRC' alt='ALT'>"></iframe>`,
  placeholder: `${prose}<img src="/img/placeholder.gif" alt="ALT"><script>document.images[0].src = 'SRC'</script>`,
} as const

describe.skipIf(chromium === null)(
  `a run on a site that scripts build${unlessThere}`,
  { timeout: 600_000 },
  () => {
    let web: TestWeb
    let allPairs: string[]
    let staticPairs: string[]
    beforeAll(async () => {
      web = await startTestWeb()
      const names = [...Array.from({ length: staticPages }, (_, i) => `page/${i}`), ...Object.keys(built)]
      const bytes = await photos(first, names.length)
      const srcOf = (n: number) => `/img/${n}.jpg`
      for (const [n, body] of bytes.entries()) web.picture(`${host}${srcOf(n)}`, body)
      const pairOf = (n: number) => `http://${host}${srcOf(n)} ${sentence(first + n)}`
      allPairs = names.map((_, n) => pairOf(n)).sort()
      staticPairs = names
        .slice(0, staticPages)
        .map((_, n) => pairOf(n))
        .sort()
      const shown = Object.fromEntries(
        names.map((name, n) => [`/${name}`, { src: srcOf(n), alt: sentence(first + n) }]),
      )
      web.serve(
        `${host}/app.js`,
        javascript(`const { src, alt } = ${JSON.stringify(shown)}[location.pathname]
      document.querySelector('#root').append(Object.assign(new Image(), { src, alt }))`),
      )
      for (const [n, name] of names.entries()) {
        const { src = '', alt = '' } = shown[`/${name}`] ?? {}
        const html =
          n < staticPages
            ? `${prose}<img src="${src}" alt="${alt}">`
            : (built[name as keyof typeof built] ?? '')
        web.serve(`${host}/${name}`, html.replaceAll('SRC', src).replaceAll('ALT', alt))
      }
      web.serve(`${host}/`, `${prose}${names.map((name) => `<a href="/${name}">${name}</a>`).join(' ')}`)
    }, 120_000)
    afterAll(() => web.close())

    const words = (out: string, ...more: string[]) => [
      ...['run', `http://${host}/`, '--out', out, '--model', 'none', '--dedupe', 'off', '--delay-ms', '0'],
      ...['--contact', 'a@example.org', ...web.words, ...more],
    ]
    const run = async (...more: string[]) => {
      const out = newOut()
      const ended = await pairmill(words(out, ...more))
      expect(ended).toMatchObject({ code: 0 })
      return { out, ...ended, pairs: await pairsOf(out), counters: await countersOf(out) }
    }

    it('finds with auto what it finds with always, with less than half of the renders', async () => {
      const never = await run('--render', 'never')
      expect(never.pairs).toEqual(staticPairs)
      expect(never.counters.pages_rendered).toBeUndefined()
      const auto = await run()
      const always = await run('--render', 'always')
      expect(always.pairs).toEqual(allPairs)
      expect(auto.pairs).toEqual(always.pairs)
      expect(always.counters.pages_rendered).toBe(1 + staticPages + Object.keys(built).length)
      // Only pages that show a sign, of which every one pays: no other has a script, so there are no trials.
      expect(auto.counters).toMatchObject({
        pages_rendered: 8,
        renders_paid: 8,
        'rendered:signed': 8,
        render_candidates: 8,
      })
      expect(auto.counters.pages_rendered! / always.counters.pages_rendered!).toBeLessThan(0.4)
      expect(auto.stdout).toContain('seen by a browser')
      for (const { out } of [never, auto, always]) expect(leftovers(out)).toEqual([])
    })

    it('goes on where it was killed, with the same option only', async () => {
      const out = newOut()
      const running = start(words(out, '--render', 'always'))
      let rendered = false
      const off = web.onRequest((_, path) => {
        if (path === '/app.js') rendered = true
      })
      while (!rendered) await new Promise((resolve) => setTimeout(resolve, 20))
      off()
      running.child.kill('SIGKILL')
      await running.ended
      // A browser ends with who started it, even where nobody could end it.
      const folder = `pairmill-browser-${running.child.pid}-`
      await vi.waitFor(() => expect(browserProcesses(folder)).toEqual([]), 30_000)
      expect((await pairmill(words(out, '--render', 'never'))).stderr).toContain(
        '--render: the run has "always", this command says "never"',
      )
      const ended = await pairmill(words(out, '--render', 'always'))
      expect(ended).toMatchObject({ code: 0 })
      expect(await pairsOf(out)).toEqual(allPairs)
    })

    it('says once that there is no browser, and takes the pages as they are', async () => {
      const out = newOut()
      const ended = await pairmill(words(out), { PAIRMILL_CHROMIUM: '/nowhere/chromium' })
      expect(ended.code).toBe(0)
      expect(ended.stderr.match(/PAIRMILL_CHROMIUM: \/nowhere\/chromium is no program/g)).toHaveLength(1)
      expect(await pairsOf(out)).toEqual(staticPairs)
      const always = await pairmill(words(newOut(), '--render', 'always'), {
        PAIRMILL_CHROMIUM: '/nowhere/chromium',
      })
      expect(always.code).toBe(7)
      expect(always.stderr).toMatch(
        /^pairmill: --render always: PAIRMILL_CHROMIUM: \/nowhere\/chromium is no program/m,
      )
    })

    it('takes the pages as they are where the browser does not start, and says why', async () => {
      const broken = join(tempFolder(), 'chromium')
      writeFileSync(broken, '#!/bin/sh\necho "no usable display" >&2\nexit 1\n')
      chmodSync(broken, 0o755)
      const out = newOut()
      const ended = await pairmill(words(out), { PAIRMILL_CHROMIUM: broken })
      expect(ended.code).toBe(0)
      expect(ended.stderr.match(/did not start/g)).toHaveLength(1)
      expect(await pairsOf(out)).toEqual(staticPairs)
      expect((await countersOf(out))['render_failed:launch']).toBe(8)
      const always = await pairmill(words(newOut(), '--render', 'always'), {
        PAIRMILL_CHROMIUM: broken,
      })
      expect(always.code).toBe(7)
    })
  },
)
