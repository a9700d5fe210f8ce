import type { LanguageDetector } from '../filter/index.js'
import {
  type CaptionSource,
  captionSources,
  decodeHalves,
  encodeHalves,
  type Row,
  type ScoredCaption,
} from '../records/index.js'

/** What may become the caption: the best one by its score, or the first one of a source. */
export const captionChoices = ['best', ...captionSources.filter((source) => source !== 'context')] as const
export type CaptionChoice = 'best' | Exclude<CaptionSource, 'context'>

/** The half of a model that embeds texts. */
export interface TextModel {
  /** As in a dataset's `model_id`. */
  readonly id: string
  /** L2-normalised, one for each text. */
  embedTexts(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>
}

/** The caption of a row by the first choice that it has; null = it has none of them. Pure. */
export function captionOf(
  { captions }: Pick<Row, 'captions'>,
  choices: readonly CaptionChoice[],
): ScoredCaption | null {
  for (const choice of choices) {
    const found = choice === 'best' ? bestOf(captions) : captions.find((caption) => caption.source === choice)
    if (found !== undefined) return found
  }
  return null
}

function bestOf(captions: readonly ScoredCaption[]): ScoredCaption | undefined {
  const scored = captions.filter((caption) => caption.score !== null)
  const first = scored[0]
  if (first === undefined) return undefined
  return scored.reduce((best, other) => ((other.score ?? 0) > (best.score ?? 0) ? other : best), first)
}

/** The score of a caption and that of its vector differ by less, unless they come from other arithmetic. */
const scoreTolerance = 0.002

/**
 * Rows with the captions that were chosen. A row that has none of them stays as it is. `model` null = nothing embeds the new ones: then the
 * embeddings of texts are no longer theirs, and no score is made.
 */
export async function recaptioned(
  rows: readonly Row[],
  choices: readonly CaptionChoice[],
  { model, detector }: { readonly model: TextModel | null; readonly detector: LanguageDetector },
  signal: AbortSignal,
): Promise<readonly Row[]> {
  const chosen = rows.map((row) => {
    const caption = captionOf(row, choices)
    return caption === null || caption.text === row.caption ? null : caption
  })
  const texts = chosen.flatMap((caption, i) =>
    caption === null || !rows[i]?.embeddings ? [] : [caption.text],
  )
  const vectors = model === null || texts.length === 0 ? [] : await model.embedTexts(texts, signal)
  let next = 0
  return rows.map((row, i) => {
    const caption = chosen[i] ?? null
    if (caption === null) return row
    const vector = row.embeddings ? vectors[next++] : undefined
    const embedded = vector === undefined ? null : withText(row.embeddings ?? '', vector)
    const clipScore = scoreOf(caption.score, embedded?.cosine ?? null)
    return {
      ...row,
      caption: caption.text,
      clipScore,
      modelId: clipScore === null ? null : (row.modelId ?? model?.id ?? null),
      language: row.language === null ? null : detector.detect(caption.text).language,
      embeddings: embedded?.embeddings ?? row.embeddings ?? null,
    }
  })
}

/** That of the crawl, where the vector says the same. */
function scoreOf(told: number | null, cosine: number | null): number | null {
  if (told === null || cosine === null) return told ?? cosine
  return Math.abs(told - cosine) <= scoreTolerance ? told : cosine
}

function withText(embeddings: string, text: Float32Array): { embeddings: string; cosine: number } {
  const both = Buffer.from(embeddings, 'base64')
  const image = both.subarray(0, both.length / 2)
  const halves = encodeHalves(text)
  const [a, b] = [decodeHalves(image), decodeHalves(halves)]
  const cosine = a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)
  return { embeddings: Buffer.concat([image, halves]).toString('base64'), cosine }
}
