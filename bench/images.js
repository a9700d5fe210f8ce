import { existsSync, readdirSync, statSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from './command.js'
import { compete, linesOf } from './contest.js'
import { img2dataset } from './peers.js'
import { makePictures } from './pictures.js'
import { cache, repo } from './places.js'
import { captionOf } from './site.js'
import { bareFetchRate, startWeb } from './web.js'

export const title = 'Image stage: fetch, decode, resize, encode, hash, write shards'
/** Beside the clone; null = nothing. */
export const needs = 'Python with pip (img2dataset)'
const limitMs = 5 * 60_000

export const size = { width: 1280, height: 864 }
export const stored = { longSide: 256, quality: 90 }

/** Two processes for two cores; threads and shard size as found fastest (`--all-settings` tries others). */
export const settings = [{ label: '2 processes, 16 threads each', processes: 2, threads: 16, shards: 8 }]
const otherSettings = [
  { label: '2 processes, 32 threads each, 2 shards', processes: 2, threads: 32, shards: 2 },
  { label: '2 processes, 64 threads each', processes: 2, threads: 64, shards: 8 },
  { label: '2 processes, 4 threads each', processes: 2, threads: 4, shards: 8 },
  { label: '3 processes, 16 threads each', processes: 3, threads: 16, shards: 12 },
]

/** The moment at which the newest shard file of a folder was written, in ms since the epoch. */
function lastWriteMs(folder) {
  if (!existsSync(folder)) return 0
  const files = readdirSync(folder).filter((name) => /\.(tar|parquet)$/.test(name))
  return Math.max(0, ...files.map((name) => statSync(join(folder, name)).mtimeMs))
}

/** From the first image asked for to the last shard file written: neither start nor end of a program counts. */
async function rateOf(name, ran, web, out, count) {
  const { picture } = await web.report()
  if (ran.code !== 0) return { problem: `${name} failed (see ${join(cache, `${name}.log`)})` }
  if (picture.count < count) return { problem: `only ${picture.count} of ${count} images were fetched` }
  const seconds = (lastWriteMs(out) - (picture.firstMs ?? 0)) / 1000
  return { rate: count / seconds, cpuSeconds: ran.cpuSeconds, peakRssBytes: ran.peakRssBytes }
}

/** Runs img2dataset on a csv list, from its start to its end. @returns {Promise<import('./command.js').Ran>} */
export async function runImg2dataset(peer, { processes, threads, shards }, list, out, count) {
  await rm(out, { recursive: true, force: true })
  const options = {
    url_list: list,
    input_format: 'csv',
    url_col: 'url',
    caption_col: 'caption',
    output_format: 'webdataset',
    output_folder: out,
    resize_mode: 'keep_ratio_largest',
    image_size: stored.longSide,
    encode_quality: stored.quality,
    processes_count: processes,
    thread_count: threads,
    number_sample_per_shard: Math.ceil(count / shards),
    enable_wandb: 'False',
  }
  const args = Object.entries(options).flatMap(([key, value]) => [`--${key}`, String(value)])
  return await runCommand(peer.file, [...peer.before, ...args], {
    limitMs,
    log: join(cache, 'img2dataset.log'),
    cwd: cache,
    // Without it, importing one of its libraries asks a package registry for news.
    env: { NO_ALBUMENTATIONS_UPDATE: '1' },
  })
}

async function withImg2dataset(peer, setting, list, web, count) {
  const out = join(cache, 'out-img2dataset')
  await web.reset()
  const ran = await runImg2dataset(peer, setting, list, out, count)
  return rateOf('img2dataset', ran, web, out, count)
}

async function withPairmill(list, web, count) {
  const out = join(cache, 'out-images')
  await rm(out, { recursive: true, force: true })
  await web.reset()
  const args = ['bench/image-stage.js', list, out, String(stored.longSide), String(stored.quality)]
  const ran = await runCommand(process.execPath, args, {
    limitMs,
    log: join(cache, 'pairmill.log'),
    cwd: repo,
  })
  return rateOf('pairmill', ran, web, out, count)
}

/** @param {{ images: number, repeat: number, allSettings: boolean, only: string | null }} options */
export async function measure({ images: count, repeat, allSettings, only }) {
  const pictures = join(cache, 'pictures-megapixel')
  await makePictures(pictures, count, size)
  const web = await startWeb({ kind: 'pictures', pages: 0, pictures, hosts: 1 })
  try {
    const urls = Array.from({ length: count }, (_, i) => `${web.origins[0]}/picture/${i}.jpg`)
    const list = join(cache, 'images.csv')
    await writeFile(list, `url,caption\n${urls.map((url, i) => `${url},"${captionOf(i)}"`).join('\n')}\n`)
    const bare = await bareFetchRate(urls, 16)
    const peer = await img2dataset()
    const contenders = [
      { name: 'pairmill', label: 'image stage', run: () => withPairmill(list, web, count) },
      ...[...settings, ...(allSettings ? otherSettings : [])].map((setting) => ({
        name: 'img2dataset',
        label: setting.label,
        run: async () =>
          'missing' in peer ? { problem: peer.missing } : withImg2dataset(peer, setting, list, web, count),
      })),
    ]
    const measured = await compete(contenders, { repeat, only })
    return sectionOf(measured, { count, repeat, bare })
  } finally {
    await web.stop()
  }
}

/** @returns {import('./results.js').Section} */
function sectionOf(measured, { count, repeat, bare }) {
  return {
    lines: linesOf(
      measured,
      { unit: 'images', count },
      { img2dataset: { text: 'at least 1.5x', ratio: 1.5 } },
    ),
    notes: [
      `${count} JPEGs of ${size.width} x ${size.height} pixels and about 108 KB from a local server, stored as JPEG of quality ${stored.quality} with a long side of ${stored.longSide}, ratio kept. No CLIP on either side.`,
      `Images over the time from the first image request to the last shard file written, median of ${repeat}; CPU seconds hold start and end. The server alone gives ${bare.toFixed(0)} images/s to a bare fetch loop.`,
      'Both hash the fetched bytes (SHA-256); pairmill also hashes the stored bytes and the look of each image, and writes each image twice: to a part, and from the parts to shuffled shards.',
    ],
  }
}
