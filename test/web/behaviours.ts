import type { ServerResponse } from 'node:http'
import zlib from 'node:zlib'
import { malformed } from './malformed.js'
import { mazes } from './mazes.js'
import type { Behaviour, Scene } from './mischief.js'

const html = { 'content-type': 'text/html; charset=utf-8' }
const text = '<!doctype html><title>Fine</title><p>All is well here: grüße, 你好.</p>'
/** Two letters that only windows-1251 makes Cyrillic, declared as a charset that does not exist. */
const badCharsetBody = Buffer.concat([
  Buffer.from('<title>'),
  Buffer.from([0xcf, 0xf0]),
  Buffer.from('</title>'),
])

const quickBrotli = { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 }

/**
 * By first path segment. `:n` are further segments; `?name=value` tune with the default given. Counting ones
 * count per host and exact path, so a test gives its own path (`?key=...`) for its own count.
 */
export const behaviours: Record<string, Behaviour> = {
  ...malformed,
  ...mazes,

  /** /page?bytes=0: a small page, padded to at least `bytes`. */
  page: ({ response, url }) => send(response, 200, html, padded(url)),

  /** /drip?bytes=1000&everyMs=20: one byte at a time. */
  drip: ({ response, url }) => {
    let left = number(url, 'bytes', 1000)
    response.writeHead(200, { ...html, 'content-length': left })
    const timer = setInterval(
      () => {
        response.write('x')
        left -= 1
        if (left === 0) response.end()
        if (left === 0) clearInterval(timer)
      },
      number(url, 'everyMs', 20),
    )
    response.on('close', () => clearInterval(timer))
  },

  /** /cut?declared=1000&sent=100: announces more than it sends, then closes as if all were well. */
  cut: ({ response, url }) => {
    response.writeHead(200, { ...html, 'content-length': number(url, 'declared', 1000) })
    response.write('x'.repeat(number(url, 'sent', 100)), () => response.socket?.end())
  },

  /** /cut-chunked: the last chunk never comes. */
  'cut-chunked': ({ response }) => {
    response.writeHead(200, html)
    response.write(text, () => response.socket?.end())
  },

  /** /cut-reset: part of a body, then a connection reset. */
  'cut-reset': ({ response }) => {
    response.writeHead(200, { ...html, 'content-length': 1000 })
    response.write(text, () => response.socket?.resetAndDestroy())
  },

  /** /wrong-length?declared=10&sent=1000: sends more than it announced. */
  'wrong-length': ({ response, url }) => {
    const sent = 'x'.repeat(number(url, 'sent', 1000))
    raw(response, `HTTP/1.1 200 OK\r\ncontent-length: ${number(url, 'declared', 10)}\r\n\r\n${sent}`)
  },

  /** /two-lengths: two Content-Length fields that disagree. */
  'two-lengths': ({ response }) =>
    raw(response, 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 7\r\n\r\nhello!!'),

  /** /wrong-type?type=image/png: a web page under another Content-Type. */
  'wrong-type': ({ response, url }) =>
    send(response, 200, { 'content-type': url.searchParams.get('type') ?? 'image/png' }, text),

  /** /redirect-loop: to itself. */
  'redirect-loop': ({ response, url }) => redirect(response, 302, url.pathname),

  /** /redirect-chain/:n?status=302: n hops, then /page. */
  'redirect-chain': ({ response, url, args }) => {
    const left = Number(args[0] ?? 0)
    redirect(
      response,
      number(url, 'status', 302),
      left > 1 ? `/redirect-chain/${left - 1}${url.search}` : '/page',
    )
  },

  /** /redirect-to?to=URL&status=302&bytes=0: there, with a body of that size. */
  'redirect-to': ({ response, url }) => {
    // As UTF-8 bytes, unescaped, as careless servers send it.
    const headers = { location: Buffer.from(url.searchParams.get('to') ?? '/page').toString('latin1') }
    send(response, number(url, 'status', 302), headers, 'x'.repeat(number(url, 'bytes', 0)))
  },

  /** /redirect-nowhere?status=302: a redirect without a Location. */
  'redirect-nowhere': ({ response, url }) => send(response, number(url, 'status', 302), html, text),

  /** /redirect-hang: a redirect whose body never ends. */
  'redirect-hang': ({ response }) => {
    response.writeHead(302, { location: '/page', 'content-length': 1000 })
    response.write('x')
  },

  /** /too-many/:n?retryAfter=1: 429 n times, then fine. An empty retryAfter sends none. */
  'too-many': (scene) => {
    const retryAfter = scene.url.searchParams.get('retryAfter') ?? '1'
    failing(scene, 429, retryAfter === '' ? {} : { 'retry-after': retryAfter })
  },

  /** /flaky/:n?status=503: that status n times, then fine. */
  flaky: (scene) => failing(scene, number(scene.url, 'status', 503), {}),

  /** /status/:code */
  status: ({ response, args }) => send(response, Number(args[0] ?? 500), html, text),

  /** /huge?bytes=100000000&length=no: that much, announced only with length=yes. */
  huge: ({ response, url }) => {
    const bytes = number(url, 'bytes', 100_000_000)
    const announced = url.searchParams.get('length') === 'yes' ? { 'content-length': bytes } : {}
    response.writeHead(200, { ...html, ...announced })
    pour(response, bytes)
  },

  /** /bad-charset: a charset that does not exist, and bytes that are no UTF-8. */
  'bad-charset': ({ response }) =>
    send(response, 200, { 'content-type': 'text/html; charset=klingon-8' }, badCharsetBody),

  /** /gzip, /deflate, /deflate-raw, /br ?bytes=0: /page, so encoded. */
  gzip: (scene) => encoded(scene, 'gzip', zlib.gzipSync),
  deflate: (scene) => encoded(scene, 'deflate', zlib.deflateSync),
  'deflate-raw': (scene) => encoded(scene, 'deflate', zlib.deflateRawSync),
  br: (scene) => encoded(scene, 'br', brotli),
  'gzip-br': (scene) => encoded(scene, 'gzip, br', (bytes) => brotli(zlib.gzipSync(bytes))),
  'x-gzip': (scene) => encoded(scene, 'x-gzip', zlib.gzipSync),
  /** /gzip-layers: more layers than anyone needs. */
  'gzip-layers': (scene) => encoded(scene, 'gzip, gzip, gzip, gzip', (bytes) => bytes),
  /** /mislabelled?coding=gzip: plain text under that coding. */
  mislabelled: (scene) => encoded(scene, scene.url.searchParams.get('coding') ?? 'gzip', (bytes) => bytes),
  /** /corrupt-gzip: spoilt in the middle. */
  'corrupt-gzip': (scene) =>
    encoded(scene, 'gzip', (bytes) => {
      const spoilt = zlib.gzipSync(bytes)
      return spoilt.fill(0xff, 12, 24)
    }),
  /** /truncated-gzip: a whole response whose gzip stream ends early. */
  'truncated-gzip': (scene) =>
    encoded(scene, 'gzip', (bytes) => {
      const whole = zlib.gzipSync(bytes)
      return whole.subarray(0, whole.length - 12)
    }),

  /** /gzip-bomb?megabytes=100, /br-bomb: zeros, a thousand times smaller (br: far smaller still). */
  'gzip-bomb': (scene) => bomb(scene, 'gzip', zlib.createGzip()),
  'br-bomb': (scene) => bomb(scene, 'br', zlib.createBrotliCompress({ params: quickBrotli })),

  /** /hang: never answers. */
  hang: () => undefined,

  /** /hang-mid-body: a head and a little, then nothing. */
  'hang-mid-body': ({ response }) => {
    response.writeHead(200, { ...html, 'content-length': 1000 })
    response.write(text)
  },

  /** /huge-headers?bytes=300000 */
  'huge-headers': ({ response, url }) =>
    send(response, 200, { ...html, 'x-huge': 'x'.repeat(number(url, 'bytes', 300_000)) }, text),

  /** /repeated-header: one field twice. */
  'repeated-header': ({ response }) =>
    raw(response, 'HTTP/1.1 200 OK\r\nLink: <a>\r\nlink: <b>\r\ncontent-length: 2\r\n\r\nok'),

  /** /early-hints: a 103 before the answer. */
  'early-hints': ({ response }) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' })
    send(response, 200, html, text)
  },

  /** /not-http: bytes that are no response. */
  'not-http': ({ response }) => raw(response, 'SSH-2.0-OpenSSH_9.2\r\n'),

  /** /reset: the connection is reset before any answer. /close: it is closed. */
  reset: ({ response }) => {
    response.socket?.resetAndDestroy()
  },
  close: ({ response }) => {
    response.socket?.end()
  },

  /** /no-content: 204. /empty: 200 with a body of no bytes. /empty-gzip: the same, said to be gzip. */
  'no-content': ({ response }) => {
    response.writeHead(204).end()
  },
  empty: ({ response }) => send(response, 200, html, ''),
  'empty-gzip': ({ response }) => send(response, 200, { ...html, 'content-encoding': 'gzip' }, ''),

  /** /until-close?bytes=1000: HTTP/1.0 style, the body ends with the connection. */
  'until-close': ({ response, url }) =>
    raw(response, `HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${'x'.repeat(number(url, 'bytes', 1000))}`),
}

/** At its best quality, which is its default, it takes seconds for a few MB, in the process of the test. */
function brotli(bytes: Uint8Array): Buffer {
  return zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } })
}

function number(url: URL, name: string, fallback: number): number {
  const value = url.searchParams.get(name)
  return value === null ? fallback : Number(value)
}

/** The text, with words up to `bytes` of the query that shrink no more than those of people. */
function padded(url: URL): Buffer {
  const bytes = Buffer.from(text)
  const padding = Buffer.alloc(Math.max(0, number(url, 'bytes', 0) - bytes.length), ' word')
  let seed = 1
  for (let at = 1; at < padding.length; at += 5) {
    seed = (seed * 48_271) % 2_147_483_647
    padding[at] = 97 + (seed % 26)
  }
  return Buffer.concat([bytes, padding])
}

function send(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: string | Uint8Array,
): void {
  const bytes = Buffer.from(body)
  response.writeHead(status, { ...headers, 'content-length': bytes.length }).end(bytes)
}

function redirect(response: ServerResponse, status: number, location: string): void {
  send(response, status, { location }, '')
}

/** Bytes past node's http layer, then the end of the connection. */
function raw(response: ServerResponse, bytes: string): void {
  response.socket?.end(bytes, 'latin1')
}

function failing(scene: Scene, status: number, headers: Record<string, string>): void {
  const fine = scene.before >= Number(scene.args[0] ?? 1)
  send(scene.response, fine ? 200 : status, fine ? html : { ...html, ...headers }, text)
}

function encoded({ response, url }: Scene, coding: string, encode: (bytes: Buffer) => Uint8Array): void {
  send(response, 200, { ...html, 'content-encoding': coding }, encode(padded(url)))
}

function pour(response: ServerResponse, bytes: number): void {
  const block = Buffer.alloc(64 * 1024, 'x')
  let left = bytes
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      const piece = left < block.length ? block.subarray(0, left) : block
      left -= piece.length
      if (!response.write(piece)) {
        response.once('drain', more)
        return
      }
    }
    if (!response.destroyed) response.end()
  }
  more()
}

function bomb({ response, url }: Scene, coding: string, compressor: zlib.Gzip | zlib.BrotliCompress): void {
  const block = Buffer.alloc(1024 * 1024)
  let left = number(url, 'megabytes', 100)
  response.writeHead(200, { ...html, 'content-encoding': coding })
  compressor.pipe(response)
  response.on('close', () => compressor.destroy())
  const more = (): void => {
    left -= 1
    if (left < 0) compressor.end()
    else compressor.write(block, more)
  }
  more()
}
