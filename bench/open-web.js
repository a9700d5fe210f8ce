/** What the care for other people's machines costs: permission, hostile hosts, names. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createNet } from '../dist/net/index.js'
import { optOuts } from '../dist/records/index.js'
import { createPermission } from '../dist/workers/hosts/permission.js'

export const title = 'The open web: what care costs'
/** Beside the clone; null = nothing. */
export const needs = null

const never = new AbortController().signal
const held = 100
const hosts = 50
const pagesPerHost = 20
const robots = [
  'User-agent: *',
  ...Array.from({ length: 60 }, (_, i) => `Disallow: /private${i}/*/print$`),
  'Allow: /',
].join('\n')

/** Microseconds a page of asking what the site allows, its files being known. */
async function permissionCost() {
  const backend = {
    claimSiteRecord: async () => ({ kind: /** @type {const} */ ('fetch') }),
    putSiteRecord: async () => undefined,
    releaseSiteRecord: async () => undefined,
  }
  const fetch = async ({ url }) => ({
    kind: /** @type {const} */ ('response'),
    head: { status: url.endsWith('/robots.txt') ? 200 : 404, headers: { 'content-type': 'text/plain' } },
    body: Buffer.from(robots),
    stopped: false,
  })
  const obeyed = new Set(optOuts)
  const permit = createPermission({ backend, fetch, now: Date.now, productToken: 'pairmill', obeyed })
  const ask = (i) => permit(`http://a.test/gallery/${i}/picture-of-a-cat.html`, async () => true, never)
  for (let i = 0; i < 2_000; i++) await ask(i)
  const pages = 50_000
  const startedAt = performance.now()
  for (let i = 0; i < pages; i++) {
    const { kind } = await ask(i)
    if (kind !== 'allowed') throw new Error(`the page was not allowed: ${kind}`)
  }
  return ((performance.now() - startedAt) * 1000) / pages
}

/** MiB that a process grows by while a host holds so many of its exchanges open. */
async function heldMemory() {
  const child = fork(fileURLToPath(new URL('hold-server.js', import.meta.url)), { stdio: 'inherit' })
  const [port] = await once(child, 'message')
  const net = createNet({ userAgent: 'pairmill-bench/1.0', connectTo: [], allowPrivate: ['127.0.0.0/8'] })
  const before = process.memoryUsage.rss()
  let begun = 0
  const request = {
    url: `http://127.0.0.1:${port}/`,
    accept: '*/*',
    maxBytes: 5_242_880,
    deadlineMs: 120_000,
    onPrefix: () => {
      begun++
      return /** @type {const} */ ('enough')
    },
  }
  const stop = new AbortController()
  const exchanges = Array.from({ length: held }, () => net.fetch(request, stop.signal))
  while (begun < held) await sleep(20)
  await sleep(500)
  const grown = process.memoryUsage.rss() - before
  stop.abort()
  await Promise.all(exchanges)
  await net.close()
  child.disconnect()
  return grown / 2 ** 20
}

/** Look-ups a page on hosts that close every connection. */
async function lookups(cached) {
  const server = createServer((_request, response) =>
    response.writeHead(200, { connection: 'close' }).end('x'),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  let asked = 0
  let clockMs = 0
  const net = createNet({
    userAgent: 'pairmill-bench/1.0',
    connectTo: [],
    allowPrivate: ['127.0.0.0/8'],
    resolve: async () => {
      asked++
      return [{ address: '127.0.0.1', family: 4 }]
    },
    // Where every reading of the clock is an hour after the last, nothing that is kept is still good.
    now: () => {
      clockMs += cached ? 0 : 3_600_000
      return clockMs
    },
  })
  for (let i = 0; i < hosts * pagesPerHost; i++) {
    const url = `http://h${i % hosts}.test:${port}/${i}`
    const outcome = await net.fetch({ url, accept: '*/*', maxBytes: 100, deadlineMs: 10_000 }, never)
    if (outcome.kind !== 'response') throw new Error(JSON.stringify(outcome))
  }
  await net.close()
  server.close()
  return asked / (hosts * pagesPerHost)
}

const line = (what, pairmill, other, ratio = null) => ({
  what,
  pairmill,
  other,
  ratio,
  aim: 'none',
  met: null,
})

export async function measure() {
  const [permission, memory] = [await permissionCost(), await heldMemory()]
  const [kept, asked] = [await lookups(true), await lookups(false)]
  return {
    lines: [
      line('permission checks of a page, files known', `${permission.toFixed(1)} µs`, '-'),
      line(`memory while a host holds ${held} exchanges open`, `${memory.toFixed(1)} MiB more`, '-'),
      line(
        'DNS look-ups a page, connections closed by the server',
        kept.toFixed(3),
        `${asked.toFixed(3)} without the cache`,
        kept / asked,
      ),
    ],
    notes: [
      'Permission: robots.txt of 62 lines, and the other files in which a site may opt out, asked for one URL after the other.',
      `Held exchanges: each has sent its head and 64 KiB of 5 MB; one process, the server in another.`,
      `Look-ups: ${hosts} hosts, ${pagesPerHost} pages each, in turn.`,
    ],
  }
}
