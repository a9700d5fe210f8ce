import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { startDemoWeb } from '../../../src/demo/index.js'
import { openClip, resolveModel } from '../../../src/filter/index.js'
import { lacks, python } from '../../fixtures/docs/python.js'
import { newOut, pairmill, tempFolder } from '../../fixtures/run/pairmill.js'

const folder = resolve(import.meta.dirname, '../../../examples/train')
const modules = 'torch, webdataset, numpy, PIL, onnx, onnxscript, onnxruntime, tokenizers'
const never = new AbortController().signal

const missing = lacks(modules)
const reason = missing === null ? null : `skipped: ${missing}; see examples/train/requirements.txt`

describe.skipIf(reason !== null)(`training from shards${reason === null ? '' : ` (${reason})`}`, () => {
  it('takes a few steps on the shards of a run and writes a model that the filter opens', {
    timeout: 300_000,
  }, async () => {
    const web = await startDemoWeb(
      { port: 0, seed: 'training', styles: ['twemoji'], picturesPerHost: 60 },
      never,
    )
    const out = newOut()
    const options = [
      '--model',
      'none',
      '--connect-to',
      web.connectTo,
      '--allow-private',
      '127.0.0.0/8',
      '--delay-ms',
      '0',
    ]
    const ended = await pairmill(['run', ...web.seeds, '--out', out, ...options, '--image-size', '96'])
    await web.close()
    expect(ended.code, ended.stderr).toBe(0)

    const work = tempFolder()
    const truth = join(work, 'truth.json')
    const shown = Object.fromEntries([...web.truth.shown].map(([url, { name }]) => [url, name]))
    writeFileSync(truth, JSON.stringify({ names: [...new Set(Object.values(shown))], shown }))
    const model = join(work, 'model')
    mkdirSync(model)
    const call = `--shards ${out} --held-out ${out} --truth ${truth} --out ${model} --steps 4 --vocabulary 700 --stages 32:16:1 --threads 1`
    await promisify(execFile)(python, [join(folder, 'train.py'), ...call.split(' ')], { timeout: 280_000 })

    const lines = readFileSync(join(model, 'training.jsonl'), 'utf8').trim().split('\n')
    const events = lines.map((line) => JSON.parse(line) as { event: string; loss?: number; top5?: number })
    expect(events[0]?.event).toBe('start')
    expect(events.filter((e) => e.event === 'epoch').every((e) => Number.isFinite(e.loss))).toBe(true)
    expect(events.at(-1)?.top5).toBeGreaterThanOrEqual(0)

    const files = await resolveModel(
      { cacheDir: work, hubUrl: 'http://127.0.0.1:9' } as never,
      model,
      null,
      never,
    )
    if (files.kind === 'model_error') throw new Error(files.message)
    const clip = await openClip(files, { threads: 1 }, never)
    if ('kind' in clip) throw new Error(clip.message)
    const [short, long] = await clip.embedTexts(['a cat', `a cat ${'and a dog '.repeat(60)}`], never)
    expect(short?.length).toBe(clip.model.embeddingDim)
    expect(long?.every(Number.isFinite)).toBe(true)
    await clip.close()
  })
})
