/**
 * Reads a CSV list of URLs with captions to its end, and prints how many rows it has and how long that took in milliseconds.
 * Arguments: reader|bare FILE. `reader` is pairmill's own; `bare` cuts lines at the first comma, and checks nothing.
 */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { readList } from '../dist/crawl/index.js'

const [how, path] = process.argv.slice(2)
const columns = { url: 'url', caption: 'caption', page: null, licence: null }

async function read() {
  let rows = 0
  if (how === 'bare') {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      const comma = line.indexOf(',')
      if (line.slice(0, comma) !== 'url' && line.slice(comma + 1) !== '') rows += 1
    }
    return rows
  }
  const source = {
    kind: /** @type {const} */ ('list'),
    path,
    format: /** @type {const} */ ('csv'),
    gzip: false,
    columns,
  }
  for await (const row of readList(source, 0)) if (row.kind === 'candidate') rows += 1
  return rows
}

const start = performance.now()
const rows = await read()
console.log(JSON.stringify({ rows, tookMs: performance.now() - start }))
