import { cosineOf } from './clip/index.js'

/** Turns texts into L2-normalised embeddings of one length. */
export type EmbedTexts = (texts: readonly string[], signal: AbortSignal) => Promise<readonly Float32Array[]>

/** A class as a classifier sees it. */
export interface ClassEmbedding {
  readonly name: string
  /** L2-normalised mean of the embeddings of its prompts. */
  readonly embedding: Float32Array
}

export interface ClassScore {
  readonly name: string
  /** Cosine similarity, -1..1. */
  readonly cosine: number
  /** Softmax over all classes of the cosines times the temperature, 0..1. */
  readonly probability: number
}

/**
 * Prompt templates for photographs; `{}` is the class name. Several views of one thing, whose mean is a better text for it than any
 * one of them ("prompt ensembling", CLIP paper, section 3.1.4).
 */
export const photoTemplates: readonly string[] = [
  'a photo of a {}.',
  'a photo of the {}.',
  'a close-up photo of a {}.',
  'a bright photo of a {}.',
  'a cropped photo of a {}.',
  'a blurry photo of a {}.',
  'a photo of many {}.',
  'a drawing of a {}.',
  'itap of a {}.',
]

/** CLIP's learned temperature ended at its bound: logits are 100 times the cosine (CLIP paper, section 2.5). */
export const clipLogitScale = 100

/** A template without `{}` would give every class the same text. */
export function templateError(template: string): string | null {
  return template.includes('{}') ? null : `the template '${template}' has no {} for the class name`
}

/** Fills a class name into each template. */
export function promptsOf(name: string, templates: readonly string[]): string[] {
  return templates.map((template) => template.replaceAll('{}', () => name))
}

/** L2-normalised mean of embeddings that are normalised themselves. Throws on none. */
export function ensemble(embeddings: readonly Float32Array[]): Float32Array {
  const first = embeddings[0]
  if (first === undefined) throw new RangeError('an ensemble of no embeddings')
  const mean = new Float32Array(first.length)
  for (const embedding of embeddings) {
    for (let i = 0; i < mean.length; i++) mean[i] = (mean[i] ?? 0) + (embedding[i] ?? 0)
  }
  const length = Math.hypot(...mean)
  return length === 0 ? mean : mean.map((value) => value / length)
}

/** Embeds every class as the ensemble of its prompts. Equal prompts are embedded once by `embedTexts`. */
export async function embedClasses(
  embedTexts: EmbedTexts,
  classes: readonly { readonly name: string; readonly prompts: readonly string[] }[],
  signal: AbortSignal,
): Promise<ClassEmbedding[]> {
  const embedded = await embedTexts(
    classes.flatMap((one) => one.prompts),
    signal,
  )
  let at = 0
  return classes.map(({ name, prompts }) => {
    const own = embedded.slice(at, at + prompts.length)
    at += prompts.length
    return { name, embedding: ensemble(own) }
  })
}

/** Zero-shot classification of one image: every class with its probability, the likeliest first. */
export function classify(
  image: Float32Array,
  classes: readonly ClassEmbedding[],
  logitScale = clipLogitScale,
): ClassScore[] {
  const scored = classes
    .map(({ name, embedding }) => ({ name, cosine: cosineOf(image, embedding) }))
    // By cosine, since probabilities of unlikely classes are all 0; equal ones by name.
    .sort((a, b) => b.cosine - a.cosine || (a.name < b.name ? -1 : 1))
  const most = scored[0]?.cosine ?? 0
  const weights = scored.map(({ cosine }) => Math.exp((cosine - most) * logitScale))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return scored.map((score, i) => ({ ...score, probability: (weights[i] ?? 0) / total }))
}
