import { readdirSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from './command.js'
import { compete, linesOf } from './contest.js'
import { runImg2dataset, settings, size, stored } from './images.js'
import { img2dataset } from './peers.js'
import { makePictures } from './pictures.js'
import { cache, program, repo } from './places.js'
import { captionOf } from './site.js'
import { startWeb } from './web.js'

export const title = 'List of images to dataset: the whole command, from start to end'
/** Beside the clone; null = nothing. */
export const needs = 'Python with pip (img2dataset)'
const limitMs = 5 * 60_000

/** Pairs of a dataset, by the counts that both write beside their shards. */
function pairsIn(folder) {
  const stats = readdirSync(folder).filter((name) => name.endsWith('_stats.json'))
  return stats.reduce((sum, name) => sum + JSON.parse(readFileSync(join(folder, name), 'utf8')).successes, 0)
}

/** From the moment at which the command is typed to that at which it ends. */
function rateOf(name, ran, out, count) {
  if (ran.code !== 0) return { problem: `${name} failed (see ${join(cache, `${name}.log`)})` }
  const pairs = pairsIn(out)
  if (pairs !== count) return { problem: `${name} made ${pairs} of ${count} pairs` }
  const seconds = (ran.endMs - ran.startMs) / 1000
  return { rate: count / seconds, cpuSeconds: ran.cpuSeconds, peakRssBytes: ran.peakRssBytes }
}

async function withPairmill(list, count) {
  const out = join(cache, 'out-images-run')
  await rm(out, { recursive: true, force: true })
  const args = [
    ...['images', list, '--out', out, '--model', 'none', '--dedupe', 'off'],
    ...['--repeated-text', 'none', '--image-size', String(stored.longSide)],
    ...['--image-quality', String(stored.quality), '--delay-ms', '0', '--allow-private', '127.0.0.0/8'],
    ...['--contact', 'bench@pairmill.example'],
  ]
  const ran = await runCommand(program, args, { limitMs, log: join(cache, 'pairmill.log'), cwd: repo })
  return rateOf('pairmill', ran, out, count)
}

/** @param {{ images: number, repeat: number, only: string | null }} options */
export async function measure({ images: count, repeat, only }) {
  const pictures = join(cache, 'pictures-megapixel')
  await makePictures(pictures, count, size)
  const web = await startWeb({ kind: 'pictures', pages: 0, pictures, hosts: 1 })
  try {
    const list = join(cache, 'images-run.csv')
    const rows = Array.from(
      { length: count },
      (_, i) => `${web.origins[0]}/picture/${i}.jpg,"${captionOf(i)}"`,
    )
    await writeFile(list, `url,caption\n${rows.join('\n')}\n`)
    const peer = await img2dataset()
    const contenders = [
      { name: 'pairmill', label: 'pairmill images', run: () => withPairmill(list, count) },
      ...settings.map((setting) => ({
        name: 'img2dataset',
        label: setting.label,
        run: async () => {
          if ('missing' in peer) return { problem: peer.missing }
          const out = join(cache, 'out-img2dataset')
          return rateOf('img2dataset', await runImg2dataset(peer, setting, list, out, count), out, count)
        },
      })),
    ]
    const measured = await compete(contenders, { repeat, only })
    return {
      lines: linesOf(
        measured,
        { unit: 'images', count },
        { img2dataset: { text: 'at least 1.5x', ratio: 1.5 } },
      ),
      notes: [
        `${count} JPEGs of ${size.width} x ${size.height} pixels from a local server that asks for no delay, stored as JPEG of quality ${stored.quality} with a long side of ${stored.longSide}; median of ${repeat}. Start of the program, creation of its database and the writing of the last shard count on both sides.`,
        'pairmill runs without a model and without duplicates here, as img2dataset has neither; it reads robots.txt and opt-outs, keeps a row for every candidate, and could be killed at any moment.',
      ],
    }
  } finally {
    await web.stop()
  }
}
