/** Pages rendered a second, and what it takes of memory, against a bare loop over Playwright on the same pages. */

import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { chromium } from 'playwright'
import { createRenderer, locateBrowser } from '../dist/crawl/index.js'
import { createNet } from '../dist/net/index.js'
import { median, unmeasured } from './results.js'
import { captionOf } from './site.js'

export const title = 'Rendered pages: a browser behind its guard'
/** Beside the clone; null = nothing. */
export const needs = 'Chromium'

const never = new AbortController().signal
const atOnce = 2
const imagesPerPage = 10

/** A page that its script builds: 10 images, of which the last five come when it is scrolled. */
function pageHtml() {
  return `<!doctype html><html lang="en"><body><div id="root"></div><script src="/app.js"></script></body></html>`
}

const appJs = `
  fetch('/data' + location.pathname).then((answer) => answer.json()).then((images) => {
    const watch = new IntersectionObserver((seen) => {
      for (const { isIntersecting, target } of seen) if (isIntersecting) target.src = target.dataset.late
    })
    for (const [i, { src, alt }] of images.entries()) {
      const image = Object.assign(new Image(640, 480), { alt })
      if (i < 5) image.src = src
      else { image.dataset.late = src; watch.observe(image) }
      document.querySelector('#root').append(image)
    }
  })`

async function startSite() {
  const server = createServer((request, response) => {
    const [, first = '', id = ''] = /^\/(data\/)?(?:page\/)?(\d+)?/.exec(request.url) ?? []
    if (request.url === '/app.js')
      return response.writeHead(200, { 'content-type': 'text/javascript' }).end(appJs)
    if (first === '') return response.writeHead(200, { 'content-type': 'text/html' }).end(pageHtml())
    const images = Array.from({ length: imagesPerPage }, (_, i) => {
      const number = Number(id) * imagesPerPage + i
      return { src: `/picture/${number}.jpg`, alt: captionOf(number) }
    })
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(images))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`,
    close: () => server.close(),
  }
}

/** The process itself and all below it: bytes held, pages that are shared counted once. */
function treeBytes() {
  const parents = new Map()
  for (const name of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const stat = readOr(`/proc/${name}/stat`)
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
  }
  const isBelow = (pid) => pid === process.pid || (parents.has(pid) && isBelow(parents.get(pid)))
  let bytes = 0
  for (const pid of parents.keys()) {
    if (isBelow(pid))
      bytes += Number(/^Pss:\s+(\d+)/m.exec(readOr(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024
  }
  return bytes
}

/** '' = it is gone. */
function readOr(path) {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/** Has `atOnce` lanes take page after page, and answers pages a second and the most memory that was held. */
async function timed(pages, render) {
  let peak = 0
  const sampler = setInterval(() => {
    peak = Math.max(peak, treeBytes())
  }, 500)
  let next = 0
  const startedAt = performance.now()
  const lane = async () => {
    for (let page = next++; page < pages; page = next++) {
      const images = await render(page)
      if (images !== imagesPerPage) throw new Error(`page ${page} has ${images} images, not ${imagesPerPage}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: atOnce }, lane))
    return { rate: (pages * 1000) / (performance.now() - startedAt), bytes: peak }
  } finally {
    clearInterval(sampler)
  }
}

async function ours(executable, origin, pages) {
  const net = createNet({ userAgent: 'pairmill-bench/1.0', connectTo: [], allowPrivate: ['127.0.0.0/8'] })
  const sandbox = process.getuid() !== 0
  const renderer = createRenderer({
    executable,
    sandbox,
    atOnce,
    onTrouble: (message) => console.error(message),
  })
  try {
    await renderer.warmUp()
    return await timed(pages, async (page) => {
      const job = {
        url: `${origin}/page/${page}`,
        html: pageHtml(),
        headers: {},
        userAgent: 'pairmill-bench/1.0',
      }
      const outcome = await renderer.render(
        job,
        { dial: net.dial, ask: async () => 'allowed' },
        60_000,
        never,
      )
      if (outcome.kind === 'failed') throw new Error(`${outcome.reason}: ${outcome.detail}`)
      return outcome.page.snapshot.html.match(/<img[^>]* src="/g)?.length
    })
  } finally {
    await renderer.close()
    await net.close()
  }
}

/** What anybody would write: a context a page, until the network rests, scrolled to its end, and its HTML. */
async function bare(executable, origin, pages) {
  const browser = await chromium.launch({
    executablePath: executable,
    chromiumSandbox: process.getuid() !== 0,
  })
  try {
    return await timed(pages, async (id) => {
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(`${origin}/page/${id}`, { waitUntil: 'networkidle' })
      for (let y = 0; y < 6; y++) {
        await page.mouse.wheel(0, 1000)
        await page.waitForTimeout(60)
      }
      await page.waitForLoadState('networkidle')
      await page.waitForTimeout(300)
      const html = await page.content()
      await context.close()
      return html.match(/<img[^>]* src="/g)?.length
    })
  } finally {
    await browser.close()
  }
}

/** @param {{ rendered: number, repeat: number }} options */
export async function measure({ rendered: pages, repeat }) {
  const executable = await locateBrowser({ path: process.env.PATH ?? '', named: null })
  const what = `${pages} pages that a script builds`
  if (executable === null) return { lines: [unmeasured(what, 'none', 'no Chromium is installed')], notes: [] }
  const site = await startSite()
  const rounds = []
  try {
    for (let round = 0; round < repeat; round++) {
      const one = {
        ours: await ours(executable, site.origin, pages),
        bare: await bare(executable, site.origin, pages),
      }
      console.log(`  round ${round + 1}:`, one)
      rounds.push(one)
    }
  } finally {
    site.close()
  }
  const of = (side, figure) => median(rounds.map((round) => round[side][figure]))
  const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`
  const ratio = (figure) => median(rounds.map((round) => round.ours[figure] / round.bare[figure]))
  return {
    lines: [
      {
        what,
        pairmill: `${of('ours', 'rate').toFixed(2)} pages/s`,
        other: `${of('bare', 'rate').toFixed(2)} pages/s`,
        ratio: ratio('rate'),
        aim: 'none',
        met: null,
      },
      {
        what: 'peak memory of the whole process tree',
        pairmill: mib(of('ours', 'bytes')),
        other: mib(of('bare', 'bytes')),
        ratio: ratio('bytes'),
        aim: 'none',
        met: null,
      },
    ],
    notes: [
      `${atOnce} pages at once on either side, median of ${repeat}; each page loads a script and its data, shows five images, and five more when it is scrolled, all of which must be found.`,
      'Beside it: a bare loop over Playwright with a context a page, which waits until the network rests, scrolls, and takes the HTML. It fetches the page and its images too; pairmill gives the browser the page it has and leaves the images to the image stage.',
      'Memory is the proportional set size of this process and all below it, sampled twice a second; pairmill replaces its browser after 100 pages.',
    ],
  }
}
