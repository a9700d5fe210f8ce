/**
 * Reads a WARC or WAT file to its end, and prints how many pages and images with texts it has and how long that took in milliseconds.
 * Arguments: reader|bare FILE. `reader` is pairmill's own; `bare` unfolds the file in one stream, cuts it by Content-Length, parses the
 * HTML or JSON of each page, and counts images with an alt: it resolves no URL, heeds no opt-out, and knows no place to go on from.
 */
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { Parser } from 'htmlparser2'
import { defaultVisitOptions, fileOpener, openSource } from '../dist/crawl/index.js'

const [how, path] = process.argv.slice(2)

async function withReader() {
  const signal = new AbortController().signal
  const openFile = fileOpener({ fetch: null, now: Date.now, random: Math.random, openS3: null })
  const visit = { ...defaultVisitOptions, productToken: 'bench', links: false }
  const reader = openSource(
    { kind: 'archive', place: path, base: null },
    { openFile, visit, now: () => performance.now() },
  )
  let pages = 0
  let images = 0
  for await (const { counters, candidates } of reader.steps('', signal)) {
    pages += counters.archive_pages ?? 0
    images += candidates.length
  }
  return { pages, images }
}

function imagesInHtml(html) {
  let images = 0
  const parser = new Parser({
    onopentag: (name, { src, alt }) => {
      if (name === 'img' && src && alt) images += 1
    },
  })
  parser.end(html)
  return images
}

async function bare() {
  let pages = 0
  let images = 0
  let held = Buffer.alloc(0)
  const take = () => {
    const end = held.indexOf('\r\n\r\n')
    if (end < 0) return false
    const head = held.toString('latin1', 0, end)
    const length = Number(/^Content-Length: (\d+)/im.exec(head)[1])
    const next = end + 4 + length + 4
    if (held.length < next) return false
    const block = held.subarray(end + 4, end + 4 + length)
    if (head.includes('WARC-Type: response')) {
      pages += 1
      images += imagesInHtml(block.toString('utf8', block.indexOf('\r\n\r\n') + 4))
    } else if (head.includes('application/json')) {
      const { Envelope } = JSON.parse(block.toString())
      const html = Envelope['Payload-Metadata']['HTTP-Response-Metadata']?.['HTML-Metadata']
      if (html !== undefined) {
        pages += 1
        for (const link of html.Links) if (link.path === 'IMG@/src' && link.alt) images += 1
      }
    }
    held = held.subarray(next)
    return true
  }
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }).pipe(
    createGunzip({ chunkSize: 256 * 1024 }),
  )) {
    held = Buffer.concat([held, chunk])
    while (take());
  }
  return { pages, images }
}

const start = performance.now()
const read = how === 'bare' ? await bare() : await withReader()
console.log(JSON.stringify({ ...read, tookMs: performance.now() - start }))
