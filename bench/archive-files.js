import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { gzipSync } from 'node:zlib'

/** Numbers in 0..1 that a seed decides, so that every machine makes the same files. */
function seeded(seed) {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const words =
  'harbour station meadow kitchen the of a with and light window river bread north machine letter under between every small stone travel summer garden market wooden open paper'.split(
    ' ',
  )
const imagesPerPage = 20
const linksPerPage = 160

function pageParts(n) {
  const random = seeded(n)
  const text = (count) =>
    Array.from({ length: count }, () => words[Math.floor(random() * words.length)]).join(' ')
  const token = (length) => Array.from({ length }, () => Math.floor(random() * 36).toString(36)).join('')
  const slug = () => text(4).replaceAll(' ', '-')
  return {
    title: text(6),
    images: Array.from({ length: imagesPerPage }, () => ({
      src: `https://media.example/uploads/2024/${slug()}-${token(6)}-1024x683.jpg`,
      alt: text(7),
    })),
    links: Array.from({ length: linksPerPage }, (_, i) => ({
      href: `/${slug()}-${token(5)}${i % 3 === 0 ? `?ref=${token(8)}` : '/'}`,
      text: text(3),
    })),
    paragraphs: Array.from({ length: 40 }, () => text(60)),
    // What scripts are given along with a page, and the scripts: half of its bytes.
    state: Array.from({ length: 300 }, () => ({ id: token(24), name: text(3), sort: random() })),
    style: Array.from(
      { length: 300 },
      () => `.${token(6)}-${text(1)}{margin:0 ${token(2)}px;color:#${token(6)}}`,
    ).join(''),
  }
}

function htmlOf({ title, images, links, paragraphs, state, style }) {
  const items = links.map(
    ({ href, text }) => `<li class="menu__item"><a class="menu__link" href="${href}">${text}</a></li>`,
  )
  const body = paragraphs.map((text, i) => {
    const image = images[i % images.length]
    const figure =
      i < images.length
        ? `<figure class="media media--wide"><img loading="lazy" width="800" height="600" src="${image.src}" alt="${image.alt}"></figure>`
        : ''
    return `<section class="block" id="b${i}"><h2>${text.slice(0, 40)}</h2>${figure}<p class="text">${text}</p></section>`
  })
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title><meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/s.css"><style>${style}</style></head><body><nav><ul>${items.join('\n')}</ul></nav><main>${body.join('\n')}</main><script>window.state=${JSON.stringify(state)}</script></body></html>`
}

function record(type, url, contentType, block) {
  const bytes = Buffer.from(block)
  const head = [
    'WARC/1.0',
    `WARC-Type: ${type}`,
    'WARC-Date: 2024-02-21T10:11:12Z',
    'WARC-Record-ID: <urn:uuid:3f1c9d5a-0000-4000-8000-000000000000>',
    `Content-Length: ${bytes.length}`,
    `Content-Type: ${contentType}`,
    `WARC-Target-URI: ${url}`,
  ]
  return gzipSync(
    Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes, Buffer.from('\r\n\r\n')]),
  )
}

const headers = {
  'Content-Type': 'text/html; charset=utf-8',
  Server: 'nginx',
  'X-Crawl-Content-Encoding': 'gzip',
}

/** Writes the same pages as a WARC file (request, response, metadata) and as a WAT file, a gzip member a record. */
export async function writeArchives(warcPath, watPath, pages) {
  const warc = createWriteStream(warcPath)
  const wat = createWriteStream(watPath)
  const write = async (file, bytes) => {
    if (!file.write(bytes)) await once(file, 'drain')
  }
  for (let n = 0; n < pages; n++) {
    const url = `https://host${n % 97}.example/p/${n}`
    const parts = pageParts(n)
    const html = htmlOf(parts)
    const head = Object.entries({ ...headers, 'Content-Length': Buffer.byteLength(html) })
    const response = `HTTP/1.1 200 OK\r\n${head.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n${html}`
    await write(
      warc,
      record(
        'request',
        url,
        'application/http; msgtype=request',
        `GET /p/${n} HTTP/1.1\r\nHost: host${n % 97}.example\r\nUser-Agent: bench\r\n\r\n`,
      ),
    )
    await write(warc, record('response', url, 'application/http; msgtype=response', response))
    await write(
      warc,
      record('metadata', url, 'application/warc-fields', 'fetchTimeMs: 207\r\ncharset-detected: UTF-8\r\n'),
    )
    const envelope = (type, payload) =>
      JSON.stringify({
        Container: {
          Filename: 'bench.warc.gz',
          Compressed: true,
          Offset: String(n),
          'Gzip-Metadata': { 'Deflate-Length': '1', 'Header-Length': '10' },
        },
        Envelope: {
          Format: 'WARC',
          'WARC-Header-Metadata': {
            'WARC-Type': type,
            'WARC-Target-URI': url,
            'WARC-Date': '2024-02-21T10:11:12Z',
          },
          'Payload-Metadata': payload,
        },
      })
    const links = [
      ...parts.links.map(({ href, text }) => ({ path: 'A@/href', url: href, text })),
      ...parts.images.map(({ src, alt }) => ({ path: 'IMG@/src', url: src, alt })),
    ]
    const payload = {
      'Actual-Content-Type': 'application/http; msgtype=response',
      'HTTP-Response-Metadata': {
        'Response-Message': { Status: '200', Version: 'HTTP/1.1', Reason: 'OK' },
        Headers: headers,
        'HTML-Metadata': {
          Head: {
            Title: parts.title,
            Metas: [{ name: 'viewport', content: 'width=device-width' }],
            Link: [{ path: 'LINK@/href', url: '/s.css', rel: 'stylesheet' }],
          },
          Links: links,
        },
      },
    }
    await write(
      wat,
      record('metadata', url, 'application/json', envelope('request', { 'HTTP-Request-Metadata': {} })),
    )
    await write(wat, record('metadata', url, 'application/json', envelope('response', payload)))
    await write(wat, record('metadata', url, 'application/json', envelope('metadata', {})))
  }
  await Promise.all([warc, wat].map((file) => new Promise((done) => file.end(done))))
  return { images: pages * imagesPerPage }
}
