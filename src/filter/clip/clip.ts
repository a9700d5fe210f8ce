import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { cosineOf } from './cosine.js'
import { cropForModel, sharedCopy } from './crop.js'
import type { FromThread, ThreadData } from './messages.js'
import type { ModelError, ModelFiles } from './model.js'
import type { Preprocessing } from './preprocess.js'
import type { Provider } from './provider.js'
import type { RgbImage } from './resample.js'
import { threadJobs } from './thread-jobs.js'

/** The model that a `Clip` scores with. */
interface ClipModel {
  /** e.g. `clip-vit-base-patch32@4f0a91c2/pre1`: name, hash over its files, version of the preprocessing. */
  readonly id: string
  /** Pixels of each side of the model's square input. */
  readonly imageSide: number
  /** Tokens of the longest text it reads, start and end tokens included. */
  readonly maxTokens: number
  readonly embeddingDim: number
  /** Cosine from which on a pair is kept; null = the model comes with none. */
  readonly defaultThreshold: number | null
  /** Whether scores and embeddings are those of OpenAI's CLIP, so that what is known of it carries over. */
  readonly isClip: boolean
  /** Prompt templates that suit it, each with `{}` for a class name; null = it comes with none. */
  readonly templates: readonly string[] | null
  /** Factor by which cosines were multiplied for the softmax of its training; null = not known. */
  readonly logitScale: number | null
}

/** A picture as `pixelsOf` gave it, with the texts it is compared to. */
interface ClipPair {
  readonly pixels: Uint8Array
  readonly captions: readonly string[]
}

/** Scores of one pair by one run of the model. */
interface PairScore {
  /** Cosine similarity (-1..1) of the picture to each of its captions, in their order. */
  readonly cosines: Float32Array
  /** Of the picture: L2-normalised, `embeddingDim` values. */
  readonly embedding: Float32Array
  /** Of each caption, as `embedding`. */
  readonly texts: readonly Float32Array[]
}

/**
 * A loaded model in a thread of its own. Calls queue up there. Each rejects with the signal's reason when
 * cancelled, and with `ClipLost` when the thread has died.
 */
export interface Clip {
  readonly model: ClipModel
  /** How its pictures are made. */
  readonly preprocessing: Preprocessing
  /** The model's view of a picture: 8-bit RGB, `imageSide * imageSide * 3` bytes in shared memory. */
  pixelsOf(decoded: RgbImage): Promise<Uint8Array>
  /** One for each pair, in their order. */
  score(pairs: readonly ClipPair[], signal: AbortSignal): Promise<PairScore[]>
  /** L2-normalised, `embeddingDim` values each. `pixels` as `pixelsOf` gave them. */
  embedImages(pixels: readonly Uint8Array[], signal: AbortSignal): Promise<Float32Array[]>
  embedTexts(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>
  /** Ends the thread after the jobs it has; idempotent. */
  close(): Promise<void>
}

interface ClipOptions {
  /** CPU threads of a model run, at least 1. */
  readonly threads: number
  /** Default `cpu`. Where `cuda` cannot be had the model is refused: it is never run on the CPU instead. */
  readonly provider?: Provider
  /** Longest wait for the model to be loaded and tried; default 300,000. */
  readonly startDeadlineMs?: number
  /** Longest wait for the thread to end by itself before it is ended; default 30,000. */
  readonly closeDeadlineMs?: number
}

/** Tokens that CLIP's text model has positions for. */
const clipTokens = 77

/** Starts the thread that holds the model, and waits until the model was loaded and tried once. */
export async function openClip(
  files: ModelFiles,
  options: ClipOptions,
  signal: AbortSignal,
): Promise<Clip | ModelError> {
  signal.throwIfAborted()
  // From 1.29 on the official builds of ONNX Runtime tell its maker which models a machine loads, and leave a database and a number of the
  // machine in its user's cache. A process is asked for this when it loads its first model, and not a thread's copy of its environment.
  // biome-ignore lint/style/noProcessEnv: The runtime for Node has no other switch.
  process.env.ORT_DISABLE_TELEMETRY = '1'
  const data: ThreadData = {
    visionPath: files.visionPath,
    textPath: files.textPath,
    tokenizerPath: files.tokenizerPath,
    preprocessing: files.preprocessing,
    maxTokens: clipTokens,
    threads: options.threads,
    provider: options.provider ?? 'cpu',
  }
  const entry = createRequire(import.meta.url).resolve('#threads/filter/clip/thread.js')
  const worker = new Worker(entry, { workerData: data, name: 'clip', execArgv: [] })
  const started = await startOf(
    worker,
    AbortSignal.any([signal, AbortSignal.timeout(options.startDeadlineMs ?? 300_000)]),
  )
  if (started.kind === 'ready') return clipOn(worker, files, started, options.closeDeadlineMs ?? 30_000)
  await worker.terminate()
  signal.throwIfAborted()
  if (started.about === 'provider') return { kind: 'model_error', message: started.message }
  const advice = "Use a folder with the files of the hub's Xenova/clip-vit-base-patch32: --model DIR."
  return { kind: 'model_error', message: `${started.message}. ${advice}` }
}

type Started = Extract<FromThread, { kind: 'ready' | 'refused' }>

function startOf(worker: Worker, signal: AbortSignal): Promise<Started> {
  return new Promise((resolve) => {
    // Settling twice changes nothing, so `error` and `exit` stay listened to: an unheard one ends the process.
    const settle = (started: Started) => {
      worker.removeAllListeners('message')
      signal.removeEventListener('abort', onAbort)
      resolve(started)
    }
    const refuse = (message: string) => settle({ kind: 'refused', about: 'model', message })
    const onAbort = () => refuse('The model was not loaded in time')
    signal.addEventListener('abort', onAbort)
    worker.once('message', (message: Started) => settle(message))
    worker.once('error', (cause) => refuse(`The model's thread did not start (${cause.message})`))
    worker.once('exit', (code) => refuse(`The model's thread ended while it loaded the model (exit ${code})`))
  })
}

/** The `Clip` on a thread that has said it is ready. */
export function clipOn(
  worker: Worker,
  files: ModelFiles,
  started: { readonly embeddingDim: number; readonly maxTokens: number },
  closeDeadlineMs: number,
): Clip {
  const dim = started.embeddingDim
  const imageSide = files.preprocessing.cropSide
  const jobs = threadJobs(worker, closeDeadlineMs)

  const embed = async (pictures: readonly Uint8Array[], texts: readonly string[], signal: AbortSignal) => {
    const wrong = pictures.find((p) => p.length !== imageSide * imageSide * 3)
    if (wrong !== undefined) throw new RangeError(`a picture has ${wrong.length} bytes: not from pixelsOf`)
    const distinct = [...new Set(texts)]
    const answer = await jobs.run(pictures.map(sharedCopy), distinct, signal)
    const rows = (all: Float32Array, index: number) => all.slice(index * dim, (index + 1) * dim)
    const indexOf = new Map(distinct.map((text, index) => [text, index]))
    return {
      pictures: pictures.map((_, i) => rows(answer.pictures, i)),
      texts: texts.map((t) => rows(answer.texts, indexOf.get(t) ?? 0)),
    }
  }

  return {
    model: {
      id: files.id,
      imageSide,
      maxTokens: started.maxTokens,
      embeddingDim: dim,
      defaultThreshold: files.defaultThreshold,
      isClip: files.isClip,
      templates: files.templates,
      logitScale: files.logitScale,
    },
    preprocessing: files.preprocessing,
    pixelsOf: (decoded) => cropForModel(decoded, files.preprocessing),
    score: async (pairs, signal) => {
      const { pictures, texts } = await embed(
        pairs.map((p) => p.pixels),
        pairs.flatMap((p) => p.captions),
        signal,
      )
      let at = 0
      return pairs.map(({ captions }, i) => {
        const embedding = pictures[i] ?? new Float32Array(dim)
        const own = texts.slice(at, at + captions.length)
        at += captions.length
        return { embedding, cosines: Float32Array.from(own, (text) => cosineOf(embedding, text)), texts: own }
      })
    },
    embedImages: async (pixels, signal) => (await embed(pixels, [], signal)).pictures,
    embedTexts: async (texts, signal) => (await embed([], texts, signal)).texts,
    close: jobs.close,
  }
}
