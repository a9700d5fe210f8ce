// CLIP stage: pairs/s of `score` (thread, transfer, tokeniser, normalisation) against bare onnxruntime sessions
// that are fed ready tensors of the same batches. Rounds alternate, so that a busy machine slows both alike.
// Usage: node bench/clip.js [MODEL_DIR ...]   (default: the demo's model and a generated one of ViT-B/32's shape; needs
// `npm run build`)
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { imagesPerRun, planTextBatches } from '../dist/filter/clip/batches.js'
import { openClip, resolveModel } from '../dist/filter/clip/index.js'
import { createNormalise } from '../dist/filter/clip/normalise.js'
import { createTokenizer } from '../dist/filter/clip/tokenizer.js'
import { repo } from './places.js'
import { writeVitShape } from './vit-shape.js'

/** The model that every clone has: small, with a tokeniser of its own. */
export const boxedModel = join(repo, 'models/demo-drawings')

/** How CLIP ViT-B/32 wants its pictures (CLIP paper, and the model's own preprocessor_config.json). */
const preprocessing = {
  do_resize: true,
  size: { shortest_edge: 224 },
  resample: 3,
  do_center_crop: true,
  crop_size: { height: 224, width: 224 },
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
}

/** Captions of about the length of alt texts, from a fixed list of words. @param {number} count */
function captions(count) {
  const words =
    'a dog cat red house on the beach old man with two children playing near water photo of'.split(' ')
  let state = 7
  const next = (/** @type {number} */ below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
  return Array.from({ length: count }, () =>
    Array.from({ length: 3 + next(18) }, () => words[next(words.length)]).join(' '),
  )
}

/** @param {number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** The folder with a generated ViT-B/32 shape; made on first use. */
export function vitShapeFolder(dir = join(tmpdir(), 'pairmill-vit-shape')) {
  if (!existsSync(join(dir, 'text_model.onnx'))) writeVitShape(dir)
  // They may be links of an earlier version, and what those lead to is not to be written.
  for (const name of ['tokenizer.json', 'preprocessor_config.json']) rmSync(join(dir, name), { force: true })
  // With the tokeniser in the box a caption has more tokens than with CLIP's.
  copyFileSync(join(boxedModel, 'tokenizer.json'), join(dir, 'tokenizer.json'))
  writeFileSync(join(dir, 'preprocessor_config.json'), JSON.stringify(preprocessing))
  return dir
}

/**
 * @param {string} folder
 * @param {{ pairs: number, rounds: number, threads: number }} options `pairs` a round, one caption each
 */
export async function benchClip(folder, { pairs: count, rounds, threads }) {
  const { signal } = new AbortController()
  const deps = { cacheDir: folder, hubUrl: '', token: null, fetch, onProgress: () => undefined }
  const files = await resolveModel(deps, folder, null, signal)
  if (files.kind === 'model_error') throw new Error(files.message)
  const clip = await openClip(files, { threads }, signal)
  if ('kind' in clip) throw new Error(clip.message)
  const side = clip.model.imageSide
  const texts = captions(count)
  const pairs = texts.map((text, i) => ({
    pixels: new Uint8Array(new SharedArrayBuffer(side * side * 3)).map((_, p) => (p * 31 + i * 17) & 255),
    captions: [text],
  }))

  const options = { intraOpNumThreads: threads }
  const vision = await InferenceSession.create(files.visionPath, options)
  const text = await InferenceSession.create(files.textPath, options)
  const normalise = createNormalise(files.preprocessing)
  const imageFeeds = []
  for (let at = 0; at < count; at += imagesPerRun) {
    const batch = pairs.slice(at, at + imagesPerRun)
    const data = new Float32Array(batch.length * 3 * side * side)
    for (const [i, { pixels }] of batch.entries()) normalise(pixels, data, i * 3 * side * side)
    imageFeeds.push({ pixel_values: new Tensor('float32', data, [batch.length, 3, side, side]) })
  }
  const tokenizer = createTokenizer(readFileSync(files.tokenizerPath, 'utf8'), clip.model.maxTokens)
  if ('error' in tokenizer) throw new Error(tokenizer.error)
  const ids = [...new Set(texts)].map((t) => tokenizer.encode(t))
  const textFeeds = planTextBatches(ids.map((i) => i.length)).map(({ length, members }) => {
    const data = new BigInt64Array(members.length * length).fill(BigInt(tokenizer.endId))
    for (const [row, m] of members.entries()) data.set((ids[m] ?? []).map(BigInt), row * length)
    return { input_ids: new Tensor('int64', data, [members.length, length]) }
  })

  const bare = async () => {
    for (const feed of textFeeds) await text.run(feed, ['text_embeds'])
    for (const feed of imageFeeds) await vision.run(feed, ['image_embeds'])
  }
  const ours = async () => void (await clip.score(pairs, signal))
  /** @param {() => Promise<void>} run */
  const timed = async (run) => {
    const start = performance.now()
    const cpu = process.cpuUsage()
    await run()
    const { user, system } = process.cpuUsage(cpu)
    return { ms: performance.now() - start, cpuMs: (user + system) / 1_000 }
  }
  await bare()
  await ours()
  const bareRounds = []
  const ourRounds = []
  for (let round = 0; round < rounds; round++) {
    bareRounds.push(await timed(bare))
    ourRounds.push(await timed(ours))
  }
  await clip.close()
  await vision.release()
  await text.release()
  const bareMs = median(bareRounds.map((r) => r.ms))
  const ourMs = median(ourRounds.map((r) => r.ms))
  return {
    model: clip.model.id,
    threads,
    pairs: count,
    ourPairsPerSecond: (count / ourMs) * 1_000,
    barePairsPerSecond: (count / bareMs) * 1_000,
    /** Median of the rounds' own ratios, each of two runs beside each other. */
    ratio: median(bareRounds.map((b, i) => b.ms / (ourRounds[i]?.ms ?? Number.NaN))),
    cpuRatio: median(bareRounds.map((b, i) => b.cpuMs / (ourRounds[i]?.cpuMs ?? Number.NaN))),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const given = process.argv.slice(2)
  const folders = given.length > 0 ? given : [boxedModel, vitShapeFolder()]
  for (const folder of folders) {
    const pairs = folder === boxedModel ? 256 : 32
    console.log(await benchClip(folder, { pairs, rounds: 7, threads: Math.min(2, availableParallelism()) }))
  }
}
