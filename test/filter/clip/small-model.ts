import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Shape, writeText, writeVision } from '../../../bench/vit-shape.js'

/** A transformer pair of CLIP's interface, small enough to be generated in a test. */
export const smallShape: Shape = {
  vision: { width: 32, heads: 2, layers: 2, side: 32, patch: 16 },
  text: { width: 32, heads: 2, layers: 2, vocabulary: 60, positions: 77 },
  embeddingDim: 16,
}

/** CLIP's tokenizer with the letters a to z for a vocabulary: one token a letter. Start is 58, end 59. */
export function letterTokenizer(): string {
  const letters = [...'abcdefghijklmnopqrstuvwxyz']
  const vocab = Object.fromEntries(
    [...letters, ...letters.map((l) => `${l}</w>`), ...'012345'].map((token, id) => [token, id]),
  )
  const [start, end] = ['<|startoftext|>', '<|endoftext|>']
  const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
  return JSON.stringify({
    version: '1.0',
    added_tokens: [
      { id: 58, content: start, ...special },
      { id: 59, content: end, ...special },
    ],
    normalizer: { type: 'Lowercase' },
    pre_tokenizer: { type: 'Split', pattern: { Regex: '[a-z]+' }, behavior: 'Removed', invert: true },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [end, 59],
      cls: [start, 58],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: null,
    model: {
      type: 'BPE',
      unk_token: end,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      vocab: { ...vocab, [start]: 58, [end]: 59 },
      merges: [],
    },
  })
}

export function preprocessorConfig(side: number): string {
  return JSON.stringify({
    do_resize: true,
    do_center_crop: true,
    size: { shortest_edge: side },
    crop_size: { height: side, width: side },
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
    resample: 3,
  })
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'pairmill-clip-'))
}

/** A new folder with a small model that works; fp32, so that a score does not depend on its batch. */
export function smallModelFolder(shape = smallShape): string {
  const folder = temporaryFolder()
  writeVision(join(folder, 'vision_model.onnx'), shape)
  writeText(join(folder, 'text_model.onnx'), shape, false)
  writeFileSync(join(folder, 'tokenizer.json'), letterTokenizer())
  writeFileSync(join(folder, 'preprocessor_config.json'), preprocessorConfig(shape.vision.side))
  return folder
}
