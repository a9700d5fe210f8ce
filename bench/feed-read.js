/**
 * `node bench/feed-read.js HOW DATASET [PASSES]`: reads every sample of a dataset once a pass, and prints how many there were and what that took. HOW: `reader` is
 * openDataset; `ranges` is openDataset that holds no tars; `bare` is a loop over whole files that trusts them.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openDataset } from '../dist/library/index.js'

const blockBytes = 512

/** Samples of a tar in memory, with the fields that the reader gives. */
function* samplesIn(tar) {
  let [key, image, record] = ['', null, null]
  for (let at = 0; tar[at] !== 0; ) {
    let end = at
    while (tar[end] !== 0) end += 1
    const name = tar.latin1Slice(at, end)
    let size = 0
    for (let i = at + 124; i < at + 135; i += 1) size = 8 * size + (tar[i] ?? 0) - 48
    const bytes = tar.subarray(at + blockBytes, at + blockBytes + size)
    const dot = name.indexOf('.')
    if (name.endsWith('.json')) record = JSON.parse(bytes.toString())
    else if (name.endsWith('.jpg')) image = bytes
    if (name.slice(0, dot) !== key) key = name.slice(0, dot)
    else if (image !== null && record !== null && name.endsWith('.txt')) {
      yield { key, image: { format: 'jpg', bytes: image }, caption: record.caption, record }
      ;[image, record] = [null, null]
    }
    at += blockBytes + size + ((blockBytes - (size % blockBytes)) % blockBytes)
  }
}

async function* bare(dir) {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.tar'))
  for (const name of names.sort()) yield* samplesIn(await readFile(join(dir, name)))
}

const [how = 'reader', dir = '.', passes = '1'] = process.argv.slice(2)
const options = how === 'ranges' ? { bufferBytes: 0 } : {}
const begun = performance.now()
const cpuBegun = process.cpuUsage()
let [samples, bytes, letters, firstMs] = [0, 0, 0, null]
for (let epoch = 0; epoch < Number(passes); epoch += 1) {
  const dataset = how === 'bare' ? bare(dir) : await openDataset(dir, { ...options, epoch })
  for await (const { image, caption, record } of dataset) {
    firstMs ??= performance.now() - begun
    samples += 1
    bytes += image.bytes.length
    letters += caption.length + record.url.length
  }
  if ('close' in dataset) await dataset.close()
}
const tookMs = performance.now() - begun
const { user, system } = process.cpuUsage(cpuBegun)
const cpuMs = (user + system) / 1000
console.log(
  JSON.stringify({ samples, bytes, letters, firstMs, tookMs, cpuMs, rssMb: process.memoryUsage().rss / 1e6 }),
)
