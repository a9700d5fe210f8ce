#!/usr/bin/env node
/**
 * Draws kept pairs of a dataset, each with its caption and score:
 *
 *   node examples/contact-sheet.js pairmill-demo docs/pictures/kept-pairs.webp
 *
 * It takes the first pairs of each site in turn. Pairs under a share-alike licence are left out, for the sheet would come under it.
 * `npm run build` comes first.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { readShard } from '../dist/shard/index.js'

const columns = 4
const rows = 3
const cell = { width: 220, height: 236, picture: 160 }
const longestCaption = 30

const [dataset, file] = process.argv.slice(2)
if (dataset === undefined || file === undefined) {
  console.error('usage: node examples/contact-sheet.js DATASET FILE.webp')
  process.exit(2)
}
const drawn = await Promise.all((await choose(dataset)).map(draw))
await sharp({
  create: { width: columns * cell.width, height: rows * cell.height, channels: 3, background: '#ffffff' },
})
  .composite(drawn.flat())
  .webp({ quality: 82 })
  .toFile(file)

/** As many pairs as the sheet holds, no site with more than its share. */
async function choose(folder) {
  const bySite = new Map()
  for (const name of readdirSync(folder).filter((entry) => /^\d{5}\.tar$/.test(entry))) {
    for await (const { files } of readShard(join(folder, name))) {
      const record = JSON.parse(Buffer.from(files.get('json')).toString())
      if (record.licence_url?.includes('/by-sa/') || record.caption.length > longestCaption) continue
      const site = new URL(record.page_url ?? record.url).host
      const ofSite = bySite.get(site) ?? []
      bySite.set(site, [
        ...ofSite,
        { ...record, bytes: files.get('jpg') ?? files.get('png') ?? files.get('webp') },
      ])
    }
  }
  const sites = [...bySite.keys()].sort()
  const turns = Array.from({ length: columns * rows }, (_, turn) => turn)
  return turns.flatMap((turn) => {
    const pair = bySite.get(sites[turn % sites.length])?.[Math.floor(turn / sites.length)]
    return pair === undefined ? [] : [pair]
  })
}

/** The layers of one pair. */
async function draw({ bytes, caption, clip_score }, place) {
  const left = (place % columns) * cell.width
  const top = Math.floor(place / columns) * cell.height
  const side = cell.picture
  const picture = await sharp(bytes).resize(side, side, { fit: 'inside' }).toBuffer()
  const score = clip_score === null ? '' : `score ${clip_score.toFixed(2)}`
  const words =
    Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${cell.width}" height="${cell.height}">
    <g font-family="DejaVu Sans, Verdana, sans-serif" text-anchor="middle">
      <text x="${cell.width / 2}" y="${side + 38}" font-size="13" fill="#1c1c1c">${escaped(caption)}</text>
      <text x="${cell.width / 2}" y="${side + 56}" font-size="11" fill="#6b6b6b">${score}</text>
    </g></svg>`)
  return [
    { input: picture, left: left + (cell.width - side) / 2, top: top + 16 },
    { input: words, left, top },
  ]
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
