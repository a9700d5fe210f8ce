import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { startDemoWeb } from '../../../src/demo/index.js'
import { lacks, python } from '../../fixtures/docs/python.js'
import { printedBy } from '../../fixtures/feed/forked.js'
import { numberedIn } from '../../fixtures/feed/numbered-sets.js'
import { because, fed, lacksPinned, pinnedWebdataset } from '../../fixtures/feed/pasted.js'
import { withPermutedCaptions } from '../../fixtures/feed/permuted-captions.js'
import { served } from '../../fixtures/feed/served-program.js'
import { newOut, pairmill, tempFolder } from '../../fixtures/run/pairmill.js'

const lacking = lacks('torch, open_clip, open_clip_train.main, pandas') ?? lacksPinned()
const never = new AbortController().signal

/** A model that learns in a minute on a CPU. */
const model = {
  model_cfg: {
    embed_dim: 128,
    vision_cfg: { image_size: 64, layers: 4, width: 128, patch_size: 16, head_width: 32 },
    text_cfg: { context_length: 32, vocab_size: 49_408, width: 128, heads: 4, layers: 3 },
  },
  preprocess_cfg: { size: 64 },
}
const batchSize = 32
const steps = 80

/** The command `python` is the one that has the packages; one thread, since threads that wait for each other burn a busy machine. */
function surroundings(): NodeJS.ProcessEnv {
  const bin = tempFolder()
  writeFileSync(join(bin, 'python'), `#!/bin/sh\nexec ${python} "$@"\n`, { mode: 0o755 })
  return {
    ...process.env,
    PATH: `${bin}:${process.env.PATH}`,
    PYTHONPATH: pinnedWebdataset,
    OMP_NUM_THREADS: '1',
  }
}

/** Loss of each step of a line that is run as it was printed, with the model behind it. */
async function losses(line: string): Promise<number[]> {
  const folder = tempFolder()
  mkdirSync(join(folder, 'tiny'))
  writeFileSync(join(folder, 'tiny/open_clip_config.json'), JSON.stringify(model))
  const more = [
    `--model local-dir:${folder}/tiny --batch-size ${batchSize} --epochs 1 --train-num-samples ${steps * batchSize}`,
    '--lr 1e-3 --wd 0 --warmup 10 --lr-scheduler const --precision fp32 --seed 1',
    '--log-every-n-steps 1 --save-frequency 0 --name run',
  ]
  await promisify(execFile)('sh', ['-c', `${line} ${more.join(' ')}`], {
    cwd: folder,
    env: surroundings(),
    timeout: 900_000,
    maxBuffer: 1 << 26,
  })
  const log = readFileSync(join(folder, 'logs/run/out.log'), 'utf8')
  return [...log.matchAll(/ Loss: ([\d.]+) /g)].map(([, loss]) => Number(loss))
}

const meanOfLast = (values: readonly number[], count: number): number =>
  values.slice(-count).reduce((sum, value) => sum + value, 0) / count

/** What open_clip's own code makes of a line: batches of an epoch over all ranks, and shards with their weights. */
const readLine = `
import json, shlex, sys
from open_clip_train.data import expand_urls, get_wds_dataset
from open_clip_train.params import parse_args
words = shlex.split(sys.argv[1])
args = parse_args(words[words.index('open_clip_train.main') + 1:])
args.world_size = int(sys.argv[2])
info = get_wds_dataset(args, lambda image: 0, True, tokenizer=lambda text: [text])
urls, weights = expand_urls(args.train_data, args.train_data_upsampling_factors)
print(json.dumps([info.dataloader.num_batches, urls, weights]))
`

async function read(line: string, world: number): Promise<[number, string[], number[] | null]> {
  const words = [line, String(world)]
  const stdout = await printedBy({
    text: readLine,
    words,
    env: surroundings(),
    loaded: ['open_clip', 'pandas'],
  })
  return JSON.parse(stdout) as [number, string[], number[] | null]
}

describe.skipIf(lacking !== null)(`open_clip, from the printed line${because(lacking)}`, () => {
  describe('on the drawings of the demo', () => {
    const out = newOut()
    beforeAll(async () => {
      const web = await startDemoWeb(
        { port: 0, seed: 'training', styles: ['twemoji'], picturesPerHost: 60 },
        never,
      )
      const options = ['--model', 'none', '--connect-to', web.connectTo, '--allow-private', '127.0.0.0/8']
      const { code, stderr } = await pairmill([
        ...['run', ...web.seeds, '--out', out, ...options, '--delay-ms', '0', '--image-size', '64'],
      ])
      await web.close()
      expect(code, stderr).toBe(0)
    }, 300_000)

    it('learns which caption belongs to which picture, and nothing where that is by chance', {
      timeout: 1_800_000,
    }, async () => {
      const exchanged = join(tempFolder(), 'exchanged')
      const { facts, linesOf } = await fed([out, '--workers', '1'])
      const pairs = Number(facts.sets[0]?.samples)
      await withPermutedCaptions(out, exchanged, Math.ceil((steps * batchSize) / pairs))
      const [line = ''] = linesOf('open_clip')
      const { text } = await served([out, '--port', '0'])
      const [servedLine = ''] = /python -m open_clip_train\.main .*/.exec(text) ?? []
      const [control = ''] = (await fed([exchanged, '--workers', '1'])).linesOf('open_clip')
      const least = Math.log(batchSize) - 0.1
      for (const one of [line, servedLine]) {
        const learned = await losses(one)
        expect(learned).toHaveLength(steps)
        expect(meanOfLast(learned, 10)).toBeLessThan(least)
      }
      const guessed = await losses(control)
      expect(guessed).toHaveLength(steps)
      expect(meanOfLast(guessed, 10)).toBeGreaterThan(least)
    })
  })

  describe('reads', { timeout: 240_000 }, () => {
    const folder = tempFolder()
    const odd = join(folder, "it's {a,b} $x {0..2} ü :: 写真")
    const other = join(folder, 'other')
    beforeAll(async () => {
      await numberedIn(odd, [6, 0, 5, 6, 6])
      await numberedIn(other, [3, 4])
    })
    const tars = (dir: string, shards: readonly number[]) =>
      shards.map((shard) => join(dir, `${String(shard).padStart(5, '0')}.tar`))

    it('every tar of a folder of any name', async () => {
      const { linesOf } = await fed([odd, other])
      const [batches, urls, weights] = await read(linesOf('open_clip')[0] ?? '', 1)
      expect(urls).toEqual([...tars(odd, [0, 2, 3, 4]), ...tars(other, [0, 1])])
      // 30 pairs are one batch of 64, which each of four workers gives one of.
      expect([batches, weights]).toEqual([4, null])
    })

    it('fewer shards than loaders', async () => {
      const { linesOf } = await fed([odd, '--gpus', '2'])
      const [batches, urls] = await read(linesOf('open_clip')[0] ?? '', 2)
      expect([batches, urls.length]).toEqual([4, 4])
    })

    it('two datasets by their weights', async () => {
      const { linesOf } = await fed([`${odd}:0.5,${other}:0.5`])
      const [, urls, weights] = await read(linesOf('open_clip')[0] ?? '', 1)
      expect(urls).toHaveLength(6)
      const factor = 23 / 7
      expect(weights).toEqual([1, 1, 1, 1, expect.closeTo(factor, 4), expect.closeTo(factor, 4)])
    })
  })
})
