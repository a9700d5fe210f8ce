import { type RecipeFacts, type RecipeSet, recipesOf } from '../feed/index.js'
import type { ProgressStyle } from '../options/index.js'
import { type Clock, styleFor } from './display.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import type { FedOrder } from './feed-order.js'
import { renderFeed } from './feed-text.js'
import { formatCount, jsonText } from './figures.js'
import { type Output, say } from './output.js'
import { amount } from './summary.js'
import { openTicker } from './ticker.js'

export interface FeedCall {
  /** As they were given. */
  readonly datasets: readonly string[]
  readonly gpus: number
  readonly workers: number
  /** How long URLs of tars let in; null = none are asked for. */
  readonly presignMs: number | null
  readonly json: boolean
  /** null = as suits standard error. */
  readonly progress: ProgressStyle | null
}

/** Datasets as they are now. */
export interface FedSets extends Pick<RecipeFacts, 'sets' | 'validation'> {
  readonly sets: readonly RecipeSet[]
  /** Sentences on what is not as it seems. */
  readonly notes: readonly string[]
}

/** Why they cannot be had; `usage`: the call is wrong. */
export interface NoSets {
  readonly kind: 'failed' | 'usage'
  readonly message: string
}

interface FeedDeps {
  readonly read: () => Promise<FedSets | NoSets>
  /** `unknown`: why it cannot be told. */
  readonly readOrder: (
    sets: readonly RecipeSet[],
    batchSize: number,
    onProgress: (progress: { readonly done: number; readonly total: number }) => void,
  ) => Promise<FedOrder | { readonly unknown: string }>
  readonly stdout: Output
  readonly stderr: Output
  readonly redraw: boolean
  readonly clock: Clock
}

/** Of a GPU, in the lines that are printed. */
const batchSize = 64

/** `pairmill feed`. */
export async function feedCommand(call: FeedCall, deps: FeedDeps): Promise<ExitCode> {
  const { stdout, stderr, redraw, clock } = deps
  const { gpus, workers } = call
  const style = styleFor(call.progress, { isTerminal: stderr.isTerminal, redraw })
  const ticker = openTicker(style, 'feed', { output: stderr, clock })
  try {
    ticker.show('reading manifests')
    const found = await deps.read()
    if ('kind' in found) {
      ticker.close()
      say(stderr, found.message)
      return exitCodes[found.kind]
    }
    ticker.show('reading hosts')
    const order = await deps.readOrder(found.sets, batchSize * gpus, ({ done, total }) =>
      ticker.show(`${formatCount(done)} of ${amount(total, 'file')} at hand`),
    )
    ticker.close()
    const captions = 'captions' in order ? order.captions : null
    const facts = { ...found, gpus, workers, captions }
    const recipes = recipesOf(facts)
    stdout.write(
      call.json ? `${jsonText({ ...facts, order, recipes }, 2)}\n` : renderFeed({ ...facts, order }, recipes),
    )
    return exitCodes.ok
  } finally {
    ticker.close()
  }
}
