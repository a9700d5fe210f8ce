import { join } from 'node:path'
import { benchClip, boxedModel, vitShapeFolder } from './clip.js'
import { cache } from './places.js'

export const title = 'CLIP stage: pairs per second against a bare onnxruntime session'
/** Beside the clone; null = nothing. */
export const needs = null

/** Two cores is what the project is measured on, whatever the machine has. */
const threads = 2
const rounds = 7

/** @returns {Promise<import('./results.js').Section>} */
export async function measure() {
  const models = [
    { what: "ViT-B/32's shape, random weights", folder: vitShapeFolder(join(cache, 'vit-shape')), pairs: 32 },
    { what: 'the model of the demo', folder: boxedModel, pairs: 256 },
  ]
  const lines = []
  for (const { what, folder, pairs } of models) {
    const result = await benchClip(folder, { pairs, rounds, threads })
    console.log(' ', result)
    lines.push({
      what,
      pairmill: `${result.ourPairsPerSecond.toFixed(1)} pairs/s`,
      other: `${result.barePairsPerSecond.toFixed(1)} pairs/s`,
      ratio: result.ratio,
      aim: 'at least 0.95x',
      met: result.ratio >= 0.95,
    })
  }
  const notes = [
    `Median of ${rounds} rounds that alternate, ${threads} threads on either side; one caption a pair. pairmill's side holds the tokeniser, the normalisation and the way to the model's thread and back; the bare sessions get ready tensors of the same batches.`,
  ]
  return { lines, notes }
}
