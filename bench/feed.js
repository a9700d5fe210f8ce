import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile, rm } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { join } from 'node:path'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { openDataset } from '../dist/library/index.js'
import { runCommand } from './command.js'
import { compete, linesOf } from './contest.js'
import { writeDataset } from './dataset.js'
import { trainingReader } from './peers.js'
import { cache, peersFolder, repo } from './places.js'
import { unmeasured } from './results.js'
import { startServer, variables } from './s3.js'

export const title = 'Feed: samples for a training job'
/** Beside the clone; null = nothing. */
export const needs = "PAIRMILL_PYTHON with torch and webdataset, Debian's python3-swift for S3"
const limitMs = 10 * 60_000
const set = { samples: 12_000, shardSize: 1_000, bytes: 16_000 }
const passes = 3
const aims = {
  webdataset: { text: 'at least 4x', ratio: 4 },
  'a bare loop': { text: 'at least 0.5x', ratio: 0.5 },
}

/** Starts a reader; its last line says what it read, and what that took. */
async function reading(name, file, args) {
  const log = join(cache, `feed-${name}.log`)
  const ran = await runCommand(file, args, { limitMs, log, cwd: repo })
  if (ran.code !== 0) return { problem: `${name} failed (see ${log})` }
  const last = (await readFile(log, 'utf8')).trim().split('\n').at(-1) ?? ''
  const { samples, tookMs, cpuMs } = JSON.parse(last)
  // As for one pass: the figures are of as many samples for all.
  const cpuSeconds = (cpuMs / 1000) * (set.samples / samples)
  return { rate: samples / (tookMs / 1000), cpuSeconds, peakRssBytes: ran.ownPeakRssBytes }
}

const ours = (how, dir) => () =>
  reading(how, process.execPath, ['bench/feed-read.js', how, dir, String(passes)])

/** A reader of another format, which is written first. */
function theirs(distribution, how, dir) {
  const read = join(peersFolder, 'feed_read.py')
  let place = null
  return async () => {
    const peer = await trainingReader(distribution)
    if ('missing' in peer) return { problem: peer.missing }
    if (place === null && how !== 'webdataset') {
      const out = join(cache, `feed-${how}`)
      await rm(out, { recursive: true, force: true })
      const log = join(cache, `feed-${how}-write.log`)
      const words = [join(peersFolder, 'feed_write.py'), how, dir, out]
      const ran = await runCommand(peer.python, words, { limitMs, log, cwd: repo })
      if (ran.code !== 0) return { problem: `${distribution} could not write its format (see ${log})` }
      place = out
    }
    return await reading(how, peer.python, [read, how, place ?? dir])
  }
}

/** A proxy before a server that counts requests and the bytes of their answers, those for the manifest apart. */
async function counting(endpoint) {
  const { hostname, port } = new URL(endpoint)
  const beside = { requests: 0, bytes: 0 }
  const server = createServer((asked, answer) => {
    const isManifest = asked.url.includes('manifest.json')
    if (!isManifest) beside.requests += 1
    const { method, url: path, headers } = asked
    const onward = request({ hostname, port, method, path, headers, agent: false }, (found) => {
      answer.writeHead(found.statusCode, found.headers)
      found.on('data', (bytes) => {
        if (!isManifest) beside.bytes += bytes.length
      })
      found.pipe(answer)
    })
    onward.on('error', () => asked.socket.destroy())
    asked.pipe(onward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return {
    beside,
    endpoint: `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`,
    close,
  }
}

/** The first sample of a hundred shards in a bucket. */
async function firstSample() {
  const what = 'the first sample of 100 shards on S3, beside the manifest'
  const aim = 'at most 3 requests and 64 kB'
  const server = await startServer()
  if (server === null) return unmeasured(what, aim, 'python3-swift is not installed')
  const dir = join(cache, 'feed-hundred')
  try {
    await writeDataset(dir, { samples: 2_000, shardSize: 20, bytes: set.bytes })
    Object.assign(process.env, variables)
    const client = new S3Client({ endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true })
    const Bucket = `feed-${randomUUID()}`
    await client.send(new CreateBucketCommand({ Bucket }))
    for (const name of await readdir(dir))
      if (/^manifest\.json$|\.tar(\.idx)?$/.test(name))
        await client.send(new PutObjectCommand({ Bucket, Key: name, Body: await readFile(join(dir, name)) }))
    const proxy = await counting(server.endpoint)
    const dataset = await openDataset(`s3://${Bucket}`, { s3: { endpoint: proxy.endpoint } })
    for await (const _ of dataset) break
    await dataset.close()
    proxy.close()
    const { requests, bytes } = proxy.beside
    return {
      ...{ what, pairmill: `${requests} requests, ${(bytes / 1000).toFixed(1)} kB`, other: '-', ratio: null },
      ...{ aim, met: requests <= 3 && bytes <= 64_000 },
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
    await server.stop()
  }
}

/** @param {{ repeat: number, only: string | null }} options */
export async function measure({ repeat, only }) {
  const dir = join(cache, 'feed-set')
  await writeDataset(dir, set)
  try {
    const contenders = [
      { name: 'pairmill', label: 'openDataset', run: ours('reader', dir) },
      { name: 'a bare loop', label: 'whole files, JSON.parse, nothing checked', run: ours('bare', dir) },
      { name: 'openDataset', label: 'without memory for tars: a read a sample', run: ours('ranges', dir) },
      {
        name: 'webdataset',
        label: 'one process, in the order of the tars',
        run: theirs('webdataset', 'webdataset', dir),
      },
      { name: 'litdata', label: 'its own format, in order', run: theirs('litdata', 'litdata', dir) },
      {
        name: 'mosaicml-streaming',
        label: 'its own format, in order',
        run: theirs('mosaicml-streaming', 'streaming', dir),
      },
    ]
    const measured = await compete(contenders, { repeat, only })
    const lines = linesOf(measured, { unit: 'samples', count: set.samples }, aims)
    lines.push(await firstSample())
    return {
      lines,
      notes: [
        `${set.samples.toLocaleString('en-US')} samples of ${set.bytes / 1000} kB in ${set.samples / set.shardSize} shards, in the page cache; each reader gives the picture's bytes and the record, read from JSON; median of ${repeat}. Node reads them ${passes} times, its start counts; Python's start does not.`,
        'pairmill and the bare loop are Node, and read in one process each. pairmill reads in a random order over all shards, checks the sum of each header, and copies the picture, so that nobody who keeps one keeps its tar; the others read front to back.',
      ],
    }
  } finally {
    for (const name of ['feed-set', 'feed-litdata', 'feed-streaming'])
      await rm(join(cache, name), { recursive: true, force: true })
  }
}
