import { homedir } from 'node:os'
import { join } from 'node:path'
import {
  clipLogitScale,
  type ImageReason,
  loadModel,
  modelView,
  type Precision,
  photoTemplates,
} from '../filter/index.js'
import { defaultOf } from '../options/index.js'

export interface ModelOptions {
  /** CPU threads of a model run, at least 1; absent = as many as there are cores. */
  readonly threads?: number
  /** Absent = the vision half in fp32, and the text half in what the model brings. */
  readonly precision?: Precision
  /** Absolute folder in which a model is kept that was named, and is fetched; absent = ~/.cache/pairmill. */
  readonly cacheDir?: string
  /** Where a named model is fetched from; absent = https://huggingface.co. */
  readonly hubUrl?: string
  /** Absent = anonymous. */
  readonly hubToken?: string
  /** Gets a line for people now and then, while a model is fetched. */
  readonly onProgress?: (text: string) => void
  readonly signal?: AbortSignal
}

/** Why an image was not embedded; `detail` is for people, e.g. `20000 x 20000 pixels claimed`. */
export interface Undecodable {
  readonly reason: ImageReason
  readonly detail: string
}

/** A CLIP model in a thread of its own, which keeps the process alive until `close`. */
export interface Model {
  /** Name, hash over its files, and version of the preprocessing. */
  readonly id: string
  readonly embeddingDim: number
  /** Prompt templates that suit it, `{}` for the class name: its own, or `photoTemplates`. */
  readonly templates: readonly string[]
  /** Factor of its cosines for probabilities: its own, or CLIP's 100. */
  readonly logitScale: number
  /** One L2-normalised vector of `embeddingDim` for each text, in their order. */
  embedTexts(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]>
  /** For each file of an image (JPEG, PNG, WebP, AVIF, GIF, BMP), in their order, its L2-normalised vector, or why it has none. */
  embedImages(
    files: readonly Uint8Array[],
    signal?: AbortSignal,
  ): Promise<readonly (Float32Array | Undecodable)[]>
  /** Ends the thread after what it was given; idempotent. */
  close(): Promise<void>
}

/** A model that could not be had, or is none that fits. Its message says what was wrong, and is for people. */
export class ModelUnusable extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ModelUnusable'
  }
}

const never = new AbortController().signal

/**
 * Opens a model by its folder (`vision_model.onnx`, `text_model.onnx`, `tokenizer.json`, `preprocessor_config.json`) or by its name, and
 * then fetches it once. Rejects with `ModelUnusable`, or with the signal's reason.
 */
export async function openModel(nameOrFolder: string, options: ModelOptions = {}): Promise<Model> {
  // Loaded where it is asked for: with it comes all that a run is made of.
  const threads = options.threads ?? (await import('../run/index.js')).usableCores()
  const { precision = null } = options
  const clip = await loadModel(
    {
      hubUrl: (options.hubUrl ?? 'https://huggingface.co').replace(/\/+$/, ''),
      hubToken: options.hubToken ?? null,
      cacheDir: options.cacheDir ?? join(homedir(), '.cache/pairmill'),
    },
    nameOrFolder,
    { threads, precision },
    options.onProgress ?? (() => {}),
    options.signal ?? never,
  )
  if ('kind' in clip) throw new ModelUnusable(clip.message)
  const { id, embeddingDim, templates, logitScale } = clip.model
  return {
    id,
    embeddingDim,
    templates: templates ?? photoTemplates,
    logitScale: logitScale ?? clipLogitScale,
    embedTexts: (texts, signal = never) => clip.embedTexts(texts, signal),
    async embedImages(files, signal = never) {
      const views = await Promise.all(
        files.map((file) => modelView(clip, file, defaultOf('imageSize'), signal)),
      )
      const embeddings = await clip.embedImages(
        views.flatMap((view) => (view instanceof Uint8Array ? [view] : [])),
        signal,
      )
      let next = 0
      return views.map((view) => {
        if ('reason' in view) return view
        const embedding = embeddings[next++]
        if (embedding === undefined) throw new Error('the model embedded fewer images than it was given')
        return embedding
      })
    },
    close: clip.close,
  }
}
