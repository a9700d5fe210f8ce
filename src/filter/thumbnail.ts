import {
  PictureChoice,
  type Pictured,
  picturesOfBatch,
  type Refusals,
  thumbnailSide,
} from '../records/index.js'
import type { Recipe } from './develop.js'
import type { Judged } from './judged.js'
import type { FilterOptions } from './options.js'
import type { PictureDeps } from './picture.js'

/** About 4 KB for a photo. Half the work of WebP's usual effort, for 3 % more bytes. */
const encoding = { format: 'webp', quality: 75, webpEffort: 2 } as const

interface Shown extends Pictured {
  /** Index of the candidate. */
  readonly index: number
  readonly file: Uint8Array
}

/**
 * Small pictures of some rejected candidates, in Base64, by index: of each reason that may be shown those with the lowest hash. They are chosen when all
 * are judged, so that no others are made; what cannot be decoded is left out, and what a list refuses by its look: a file that its head alone rejects
 * is looked at here for the first time.
 */
export async function makeThumbnails(
  deps: Pick<PictureDeps, 'develop' | 'decoding'>,
  judged: readonly Judged[],
  refusals: Refusals,
  options: FilterOptions,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, string>> {
  const choice = new PictureChoice<Shown>(picturesOfBatch)
  for (const [index, verdict] of judged.entries()) {
    if (verdict.kind !== 'rejected' || verdict.file === null || verdict.facts.sha256 === null) continue
    choice.add({ index, reason: verdict.reason, sha256: verdict.facts.sha256, file: verdict.file })
  }
  const recipe = recipeOf(options)
  const made = choice.chosen().map(async ({ index, file }) => {
    // A copy, since the bytes are given away: the same picture may be kept beside another caption.
    const developed = await deps.decoding(() => deps.develop(Uint8Array.from(file), recipe, signal))
    return 'reason' in developed || refusals.ofPhash(developed.phash) !== null
      ? []
      : [[index, Buffer.from(developed.stored.bytes).toString('base64')] as const]
  })
  return new Map((await Promise.all(made)).flat())
}

/** As pictures of any size, shape and weight are developed to small ones. */
function recipeOf({ maxBytes, maxPixels }: FilterOptions): Recipe {
  return {
    limits: { minSide: 1, maxAspect: 0, minBytes: 0, maxBytes, maxPixels },
    stored: { imageSize: thumbnailSide, ...encoding },
    preprocessing: null,
  }
}
