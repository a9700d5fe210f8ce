/** Pictures that go through the vision model at once: more gives under 3 % of speed and 3 MB each. */
export const imagesPerRun = 8

/** Tokens, padding included, that go through the text model at once: beyond it speed stays and memory grows. */
const tokensPerRun = 1_024

/** Texts that are padded to one length and go through the text model at once. */
interface TextBatch {
  /** Tokens of each text after padding: those of the longest. */
  readonly length: number
  /** Indexes of the texts. */
  readonly members: readonly number[]
}

/**
 * Deals texts of the given token counts into batches of at most `maxTokens` padded tokens (one text may exceed
 * it alone), shortest first, so that texts of like length share a batch and little is padding. Every index is
 * in exactly one batch.
 */
export function planTextBatches(lengths: readonly number[], maxTokens = tokensPerRun): TextBatch[] {
  const shortestFirst = lengths
    .map((length, index) => ({ length, index }))
    .sort((a, b) => a.length - b.length)
  const batches: { length: number; members: number[] }[] = []
  let batch: { length: number; members: number[] } | null = null
  for (const { length, index } of shortestFirst) {
    if (batch === null || length * (batch.members.length + 1) > maxTokens) {
      batch = { length, members: [] }
      batches.push(batch)
    }
    batch.length = length
    batch.members.push(index)
  }
  return batches
}
