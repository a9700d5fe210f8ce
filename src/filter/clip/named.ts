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
  /** Cosine from which on a pair is kept. */
  readonly threshold: number
}

/** The models that can be asked for by name. */
export const namedModels: Readonly<Record<string, NamedModel>> = {
  'clip-vit-base-patch32': {
    repo: 'Xenova/clip-vit-base-patch32',
    revision: 'main',
    files: {
      vision: {
        path: 'onnx/vision_model.onnx',
        sha256: 'fd6e1402a588279d1723c7534d4bcba5bc0b14b47dfab0e46f8c47b8270d7d40',
      },
      // int8: a quarter of the memory, and captions cost a fraction of what pictures do.
      text: {
        path: 'onnx/text_model_quantized.onnx',
        sha256: '73baab855d406190da9faa498cfedf65f15cf309f4cc7385b7b032e6d08e5c3a',
      },
      tokenizer: { path: 'tokenizer.json', sha256: null },
      preprocessor: { path: 'preprocessor_config.json', sha256: null },
    },
    // Keeps about 30 % of the pairs of the web.
    threshold: 0.28,
  },
}

export const defaultModelName = 'clip-vit-base-patch32'

/**
 * How the hashes of OpenAI's ViT-B/32 vision halves begin, by which a folder that holds one is known without a
 * name: fp32 and int8.
 */
const clipVisionHashes = ['fd6e1402a588279d1723c7534d4bcba5bc0b14b47dfab0e46f8c47b8270d7d40', '583fd111']

export function isClipVision(sha256: string): boolean {
  return clipVisionHashes.some((h) => sha256.startsWith(h))
}
