import { z } from 'zod'
import { cosineOf } from './clip/index.js'
import { type EmbedTexts, embedClasses } from './zero-shot.js'

/** Something to look for in images by what it is called. */
const conceptSchema = z.strictObject({
  /** Becomes the tag. */
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'a name of lower-case letters, digits, - and _'),
  /**
   * `tag`: the row says so. `drop`: the pair is rejected. `keep`: where any concept says keep, only pairs that show one of those
   * are kept.
   */
  action: z.enum(['tag', 'drop', 'keep']),
  /** Texts that describe it; their embeddings are ensembled. */
  prompts: z.array(z.string().trim().min(1)).min(1),
  /** Texts that describe what it is mistaken for. */
  against: z.array(z.string().trim().min(1)).min(1),
  /** How much nearer (cosine) the image must be to the prompts than to what they stand against. */
  margin: z.number().min(-2).max(2).default(0),
})

export type Concept = z.infer<typeof conceptSchema>

/** No two of the same name. */
export const conceptsSchema = z.array(conceptSchema).superRefine((concepts, context) => {
  const names = concepts.map(({ name }) => name)
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) === index) continue
    context.addIssue({
      code: 'custom',
      path: [index, 'name'],
      message: 'a concept of this name stands before it',
    })
  }
})

/** Texts for ordinary pictures, for concepts to stand against. */
const ordinary = [
  'a photo',
  'a photo of a thing',
  'a photo of a person',
  'a photo of a place',
  'an illustration',
]

/**
 * Concepts that are looked for unless the user says otherwise; nothing is dropped for them. The margins are for CLIP ViT-B/32's cosines: with
 * another model they mean something else, so with a model that is not CLIP these are off.
 */
export const defaultConcepts: readonly Concept[] = [
  {
    name: 'unsafe',
    action: 'tag',
    prompts: ['a pornographic photo', 'a photo of a naked person', 'a gory photo of violence'],
    against: ordinary,
    margin: 0.02,
  },
  {
    name: 'watermark',
    action: 'tag',
    prompts: ['a stock photo with a watermark across it', 'an image with a large watermark'],
    against: ordinary,
    margin: 0.02,
  },
  {
    name: 'text-only',
    action: 'tag',
    prompts: ['a picture of nothing but text', 'a screenshot of text', 'a scanned page of text'],
    against: ordinary,
    margin: 0.02,
  },
  {
    name: 'logo',
    action: 'tag',
    prompts: ['a company logo', 'a logo on a plain background', 'an icon'],
    against: ordinary,
    margin: 0.02,
  },
  {
    name: 'placeholder',
    action: 'tag',
    prompts: ['an image placeholder', 'a grey box that says no image available', 'a blank image'],
    against: ordinary,
    margin: 0.02,
  },
]

export interface ConceptTagger {
  /** Names of the concepts that the image shows, and whether it may be kept. */
  judge(image: Float32Array): ConceptVerdict
}

export interface ConceptVerdict {
  readonly tags: readonly string[]
  readonly rejected: {
    readonly reason: 'concept_dropped' | 'concept_missing'
    readonly detail: string
  } | null
}

/** Embeds the concepts' texts once; null where there are none. */
export async function createTagger(
  embedTexts: EmbedTexts,
  concepts: readonly Concept[],
  signal: AbortSignal,
): Promise<ConceptTagger | null> {
  if (concepts.length === 0) return null
  const embedded = await embedClasses(
    embedTexts,
    concepts.flatMap(({ name, prompts, against }) => [
      { name, prompts },
      { name, prompts: against },
    ]),
    signal,
  )
  const sides = concepts.map((concept, i) => {
    const own = embedded[2 * i]
    const other = embedded[2 * i + 1]
    if (own === undefined || other === undefined) throw new Error(`concept ${concept.name} was not embedded`)
    return { concept, own: own.embedding, other: other.embedding }
  })
  return {
    judge: (image) => {
      const shown = sides
        .filter(({ concept, own, other }) => cosineOf(image, own) - cosineOf(image, other) >= concept.margin)
        .map(({ concept }) => concept)
      return verdictOf(shown, concepts)
    },
  }
}

/** Verdict on an image by the concepts that it shows. Dropping goes before keeping. Pure. */
export function verdictOf(shown: readonly Concept[], all: readonly Concept[]): ConceptVerdict {
  const tags = shown.map((concept) => concept.name)
  const dropped = shown.find((concept) => concept.action === 'drop')
  if (dropped !== undefined) return { tags, rejected: { reason: 'concept_dropped', detail: dropped.name } }
  const wanted = all.filter((concept) => concept.action === 'keep')
  if (wanted.length > 0 && !shown.some((concept) => concept.action === 'keep')) {
    return {
      tags,
      rejected: { reason: 'concept_missing', detail: wanted.map((concept) => concept.name).join(', ') },
    }
  }
  return { tags, rejected: null }
}
