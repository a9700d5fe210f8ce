import type { ModelHalf, Precision } from './precision.js'

/** The parts that a model is made of. */
export const modelRoles = ['vision', 'text', 'tokenizer', 'preprocessor'] as const
export type ModelRole = (typeof modelRoles)[number]

/** A file of a named model on the hub. */
export interface HubFile {
  /** Path within the repository, and within the cached folder. */
  readonly path: string
  /** Hex; null = its bytes may change with the revision: it is checked by what it says, as CLIP's own. */
  readonly sha256: string | null
}

export interface NamedModel {
  /** Repository on the hub. */
  readonly repo: string
  readonly revision: string
  readonly files: Readonly<Record<ModelRole, HubFile>>
  /** Both halves, where a precision is asked for. */
  readonly inPrecision: Readonly<Record<Precision, Readonly<Record<ModelHalf, HubFile>>>>
  /** Cosine from which on a pair is kept. */
  readonly threshold: number
}

const clipFp32 = {
  vision: {
    path: 'onnx/vision_model.onnx',
    sha256: 'fd6e1402a588279d1723c7534d4bcba5bc0b14b47dfab0e46f8c47b8270d7d40',
  },
  text: {
    path: 'onnx/text_model.onnx',
    sha256: '3f6571f5bad13a97c469c1622e1cfc4d9aef78b79fdbfcff804ca357bfada8cc',
  },
} as const
const clipInt8 = {
  vision: {
    path: 'onnx/vision_model_quantized.onnx',
    sha256: '583fd1110a514667812fee7d684952aaf82a99b959760c8d7dca7e0ab9839299',
  },
  text: {
    path: 'onnx/text_model_quantized.onnx',
    sha256: '73baab855d406190da9faa498cfedf65f15cf309f4cc7385b7b032e6d08e5c3a',
  },
} as const

/** The models that can be asked for by name. */
export const namedModels: Readonly<Record<string, NamedModel>> = {
  'clip-vit-base-patch32': {
    repo: 'Xenova/clip-vit-base-patch32',
    revision: 'main',
    files: {
      vision: clipFp32.vision,
      // int8: a quarter of the memory, and captions cost a fraction of what pictures do.
      text: clipInt8.text,
      tokenizer: { path: 'tokenizer.json', sha256: null },
      preprocessor: { path: 'preprocessor_config.json', sha256: null },
    },
    inPrecision: { fp32: clipFp32, int8: clipInt8 },
    // Keeps about 30 % of the pairs of the web.
    threshold: 0.28,
  },
}

/** Hashes of OpenAI's ViT-B/32 vision halves, by which a folder that holds one is known without a name. */
const clipVisionHashes: readonly string[] = [clipFp32.vision.sha256, clipInt8.vision.sha256]

export function isClipVision(sha256: string): boolean {
  return clipVisionHashes.includes(sha256)
}
