import { type RecipeFacts, type RecipeSet, recipesOf } from '../feed/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { renderFeed } from './feed-text.js'
import { jsonText } from './figures.js'
import { type Output, say } from './output.js'

export interface FeedCall {
  /** As they were given. */
  readonly datasets: readonly string[]
  readonly gpus: number
  readonly workers: number
  /** How long URLs of tars let in; null = none are asked for. */
  readonly presignMs: number | null
  readonly json: boolean
}

/** Datasets as they are now. */
export interface FedSets extends Pick<RecipeFacts, 'validation' | 'captions'> {
  readonly sets: readonly RecipeSet[]
  /** Sentences on what is as it seems not. */
  readonly notes: readonly string[]
}

/** Why they cannot be had; `usage`: the call is wrong. */
export interface NoSets {
  readonly kind: 'failed' | 'usage'
  readonly message: string
}

export interface FeedDeps {
  readonly read: () => Promise<FedSets | NoSets>
  readonly stdout: Output
  readonly stderr: Output
}

/** `pairmill feed`. */
export async function feedCommand(call: FeedCall, { read, stdout, stderr }: FeedDeps): Promise<ExitCode> {
  const found = await read()
  if ('kind' in found) {
    say(stderr, found.message)
    return exitCodes[found.kind]
  }
  const { gpus, workers } = call
  const recipes = recipesOf({ ...found, gpus, workers })
  stdout.write(
    call.json
      ? `${jsonText({ gpus, workers, ...found, recipes }, 2)}\n`
      : renderFeed({ ...found, gpus, workers }, recipes),
  )
  return exitCodes.ok
}
