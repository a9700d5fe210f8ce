import type { ServerResponse } from 'node:http'
import zlib from 'node:zlib'
import type { Behaviour } from './mischief.js'

const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\n'
const fine = '<!doctype html><title>Fine</title><p>All is well here.</p>'

/** Bytes past node's http layer, then the end of the connection. */
function raw(response: ServerResponse, bytes: string | Uint8Array): void {
  response.socket?.end(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
}

function html(
  response: ServerResponse,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(body)
}

/** Sends the same bytes again and again until the other side has had enough. */
function forever(response: ServerResponse, first: string, again: string): void {
  const { socket } = response
  if (socket === null) return
  const block = Buffer.from(again.repeat(Math.ceil(16_384 / again.length)), 'latin1')
  const more = (): void => {
    while (!socket.destroyed) if (!socket.write(block)) return
  }
  socket.on('drain', more)
  socket.write(Buffer.from(first, 'latin1'))
  more()
}

/** Answers that break HTTP, or HTML, in a way of their own. None of them takes a setting. */
export const malformed: Record<string, Behaviour> = {
  /** More header fields than anyone sends. */
  'many-headers': ({ response }) =>
    raw(response, `${head}${Array.from({ length: 12_000 }, (_, i) => `x-${i}: y\r\n`).join('')}\r\n${fine}`),
  /** A head that never ends. */
  'endless-head': ({ response }) => forever(response, head, 'x-more: and more\r\n'),
  /** A head that comes a byte at a time and is never done. */
  'drip-head': ({ response }) => {
    const timer = setInterval(() => response.socket?.write('x'), 20)
    response.socket?.write(`${head}x-drip: `)
    response.socket?.on('close', () => clearInterval(timer))
  },
  'bad-status': ({ response }) => raw(response, `HTTP/1.1 two hundred\r\n\r\n${fine}`),
  'no-head': ({ response }) => raw(response, fine),
  'negative-length': ({ response }) => raw(response, `${head}content-length: -5\r\n\r\n${fine}`),
  'huge-length': ({ response }) => raw(response, `${head}content-length: ${'9'.repeat(40)}\r\n\r\n${fine}`),
  /** Two ways to tell where the body ends, which disagree: how requests are smuggled. */
  'length-and-chunks': ({ response }) =>
    raw(response, `${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
  'bad-chunk': ({ response }) =>
    raw(response, `${head}transfer-encoding: chunked\r\n\r\nzz\r\n${fine}\r\n0\r\n\r\n`),
  'huge-chunk': ({ response }) =>
    raw(response, `${head}transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n${fine}\r\n0\r\n\r\n`),
  /** A chunk's extension that never ends. */
  'chunk-extension': ({ response }) =>
    forever(response, `${head}transfer-encoding: chunked\r\n\r\n5;`, 'x=yyyyyyyyyyyyy;'),
  'null-in-head': ({ response }) => raw(response, `${head}x-null: a\0b\r\n\r\n${fine}`),
  'folded-head': ({ response }) => raw(response, `${head}x-folded: a\r\n  b\r\n\r\n${fine}`),
  'space-before-colon': ({ response }) => raw(response, `${head}x-space : a\r\n\r\n${fine}`),
  'bare-newlines': ({ response }) =>
    raw(response, `${head.replaceAll('\r', '')}content-length: ${fine.length}\n\n${fine}`),
  /** Interim answers without an end. */
  'endless-hints': ({ response }) => forever(response, '', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'),
  'switching-protocols': ({ response }) =>
    raw(response, 'HTTP/1.1 101 Switching Protocols\r\nupgrade: telnet\r\nconnection: upgrade\r\n\r\nlogin:'),
  'status-999': ({ response }) => raw(response, `HTTP/1.1 999 Request denied\r\ncontent-length: 0\r\n\r\n`),
  /** Two answers to one question. */
  'two-answers': ({ response }) => {
    const one = `${head}content-length: ${fine.length}\r\n\r\n${fine}`
    raw(response, one + one)
  },
  'redirect-empty': ({ response }) =>
    raw(response, 'HTTP/1.1 302 Found\r\nlocation:\r\ncontent-length: 0\r\n\r\n'),
  'redirect-long': ({ response }) => {
    response.writeHead(302, { location: `/${'x'.repeat(20_000)}`, 'content-length': 0 }).end()
  },
  'redirect-credentials': ({ response }) => {
    response.writeHead(302, { location: 'http://user:secret@127.0.0.1/', 'content-length': 0 }).end()
  },
  /** gzip in two members, which is allowed, and gzip with something behind it, which happens. */
  'gzip-members': ({ response }) =>
    html(response, Buffer.concat([zlib.gzipSync(fine), zlib.gzipSync('<p>More.')]), {
      'content-encoding': 'gzip',
    }),
  'gzip-garbage': ({ response }) =>
    html(response, Buffer.concat([zlib.gzipSync(fine), Buffer.from('garbage')]), {
      'content-encoding': 'gzip',
    }),
  /** A page within a page within a page: gzip of gzip of zeros. */
  'gzip-in-gzip': ({ response }) =>
    html(response, zlib.gzipSync(zlib.gzipSync(Buffer.alloc(8 * 1024 * 1024))), {
      'content-encoding': 'gzip, gzip',
    }),
  'utf16-page': ({ response }) =>
    html(response, Buffer.from(`\ufeff${fine}`, 'utf16le'), { 'content-type': 'text/html' }),
  'nul-page': ({ response }) => html(response, `<title>a\0b</title>\0<p>text`),

  /** Elements within each other, deeper than any stack. */
  'deep-page': ({ response }) => html(response, '<div>'.repeat(400_000)),
  'link-flood': ({ response }) =>
    html(response, Array.from({ length: 100_000 }, (_, i) => `<a href="/n/${i}">${i}</a>`).join('')),
  'image-flood': ({ response }) =>
    html(
      response,
      Array.from({ length: 60_000 }, (_, i) => `<img src="/i/${i}.jpg" alt="picture ${i}">`).join(''),
    ),
  'long-attribute': ({ response }) => html(response, `<img src=/a.jpg alt="${'word '.repeat(800_000)}">`),
  'long-srcset': ({ response }) =>
    html(response, `<img src=/a.jpg alt="a cat" srcset="${'/a.jpg 1x, '.repeat(300_000)}">`),
  'endless-comment': ({ response }) => html(response, `${fine}<!--${'-'.repeat(4_000_000)}`),
  'open-tags': ({ response }) => html(response, '<'.repeat(4_000_000)),
  'attribute-flood': ({ response }) =>
    html(response, `<p ${Array.from({ length: 300_000 }, (_, i) => `a${i}=b`).join(' ')}>text`),
  /** Entities that name each other, each ten times: a gigabyte to who expands them. */
  'entity-bomb': ({ response }) => {
    const levels = Array.from({ length: 9 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`)
    const doctype = `<!DOCTYPE html [<!ENTITY e0 "ha">${levels.join('')}]>`
    html(response, `<?xml version="1.0"?>${doctype}<html><title>Ha</title><p>&e9;</p></html>`, {
      'content-type': 'application/xhtml+xml',
    })
  },
  'json-ld-bomb': ({ response }) =>
    html(response, `${fine}<script type="application/ld+json">${'['.repeat(500_000)}</script>`),
  'base-elsewhere': ({ response }) =>
    html(response, `<base href="file:///etc/"><a href=passwd>x</a><img src=shadow.png alt="a file">`),
}
