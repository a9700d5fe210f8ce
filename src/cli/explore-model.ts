import { type Clip, loadModel, modelView } from '../filter/index.js'
import { defaultOf } from '../options/index.js'
import type { Embedder, OpenEmbedder } from '../report/index.js'
import type { Environment } from '../run/index.js'

interface EmbedderSource {
  readonly environment: Environment
  /** Name, or absolute folder; null = as the dataset names it. */
  readonly given: string | null
  /** Absolute folder of a model that is part of this program; null = it has none of that name. */
  readonly boxed: (name: string) => string | null
  readonly threads: number
  readonly onProgress: (text: string) => void
}

/** Opens the model that embedded a dataset: another one puts its vectors elsewhere, so nothing would be near to anything. */
export function embedderOf(source: EmbedderSource, signal: AbortSignal): OpenEmbedder {
  return async (modelId) => {
    const name = modelId.replace(/@.*$/s, '')
    const wanted = source.given ?? source.boxed(name) ?? name
    const precision = modelId.endsWith('/int8') ? 'int8' : null
    const { environment, threads, onProgress } = source
    const clip = await loadModel(environment, wanted, { threads, precision }, onProgress, signal)
    if ('kind' in clip)
      return {
        message:
          source.given === null
            ? `the model of this dataset, ${modelId}, cannot be had: ${clip.message}; name its folder with --model`
            : `--model: ${clip.message}`,
      }
    if (clip.model.id === modelId) return embedderBy(clip)
    const found = clip.model.id
    await clip.close()
    return {
      message: `the model at hand is ${found}, and the dataset was embedded by ${modelId}: name the folder of that one with --model`,
    }
  }
}

function embedderBy(clip: Clip): Embedder {
  const only = ([vector]: readonly Float32Array[]): Float32Array => {
    if (vector === undefined) throw new Error('the model embedded nothing')
    return vector
  }
  return {
    id: clip.model.id,
    embedText: async (text, signal) => only(await clip.embedTexts([text], signal)),
    async embedImage(bytes, signal) {
      const view = await modelView(clip, bytes, defaultOf('imageSize'), signal)
      if ('reason' in view)
        return { problem: `${view.reason}${view.detail === null ? '' : `, ${view.detail}`}` }
      return only(await clip.embedImages([view], signal))
    },
    close: clip.close,
  }
}
