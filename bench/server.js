/**
 * The web that the bench measures against, in a process of its own: `fork`ed with one JSON argument, everything
 * it serves is built before it says `ready`, and it ends when its parent disconnects.
 *
 * Argument: { kind: 'crawl' | 'line' | 'pictures', pages: number, pictures: string | null, hosts: number, latencyMs?: number }
 *   pictures = a folder of 0.jpg, 1.jpg ...; hosts = how many of 127.0.0.1, 127.0.0.2 ... it answers on; latencyMs = how long
 *   it waits before each answer.
 * Messages: 'report' answers the counts and times since the last 'reset'.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { pageHtml, robotsTxt } from './site.js'

const options = JSON.parse(process.argv[2])

/** @type {Map<string, { body: Buffer, type: string, kind: 'page' | 'picture' | 'other' }>} */
const files = new Map()
files.set('/robots.txt', { body: Buffer.from(robotsTxt), type: 'text/plain', kind: 'other' })
if (options.kind !== 'pictures') {
  for (let id = 0; id < options.pages; id += 1) {
    const body = Buffer.from(pageHtml(id, options.pages, options.kind))
    files.set(`/page/${id}.html`, { body, type: 'text/html; charset=utf-8', kind: 'page' })
  }
}
if (options.pictures !== null) {
  for (const name of readdirSync(options.pictures)) {
    const body = readFileSync(join(options.pictures, name))
    files.set(`/picture/${name}`, { body, type: 'image/jpeg', kind: 'picture' })
  }
}

const fresh = () => ({ count: 0, bytes: 0, firstMs: null, lastMs: null })
let seen = { page: fresh(), picture: fresh(), other: fresh(), missing: fresh() }

function answer(request, response) {
  const file = files.get(request.url)
  const counted = seen[file?.kind ?? 'missing']
  const nowMs = performance.timeOrigin + performance.now()
  counted.count += 1
  counted.bytes += file?.body.length ?? 0
  counted.firstMs ??= nowMs
  counted.lastMs = nowMs
  if (options.latencyMs > 0) setTimeout(() => send(file, response), options.latencyMs)
  else send(file, response)
}

function send(file, response) {
  if (file === undefined) {
    response.writeHead(404, { 'content-length': '0' }).end()
    return
  }
  response.writeHead(200, { 'content-type': file.type, 'content-length': file.body.length }).end(file.body)
}

process.on('message', (message) => {
  if (message === 'reset') seen = { page: fresh(), picture: fresh(), other: fresh(), missing: fresh() }
  process.send?.({ kind: 'report', seen })
})
process.on('disconnect', () => process.exit(0))

let port = 0
for (let host = 1; host <= options.hosts; host += 1) {
  const server = createServer({ keepAliveTimeout: 30_000 }, answer)
  await new Promise((resolve) => server.listen(port, `127.0.0.${host}`, 1024, () => resolve(null)))
  port = /** @type {import('node:net').AddressInfo} */ (server.address()).port
}
process.send?.({ kind: 'ready', port })
