import type { Concept } from '../filter/index.js'
import { checkedItems, type ItemKind, parseItemFile } from './item-list.js'

export type ConceptList =
  /** null = none were given. */
  | { readonly kind: 'concepts'; readonly concepts: readonly Concept[] | null }
  | { readonly kind: 'problems'; readonly problems: readonly string[] }

const concept: ItemKind = {
  article: 'a concept',
  plural: 'concepts',
  example:
    '{"name": "cat", "action": "tag", "prompts": ["a photo of a cat"], "against": ["a photo"], "margin": 0.02}',
  fields: {
    name: 'a name of lower-case letters, digits, - and _',
    action: 'tag, drop or keep',
    prompts: 'a list of texts, at least one',
    against: 'a list of texts, at least one',
    margin: 'a number from -2 to 2',
  } satisfies Record<keyof Concept, string>,
}

/** A concepts file: a JSON list. `name` is for messages. */
export async function parseConceptsFile(content: string, name: string): Promise<ConceptList> {
  const file = parseItemFile(content, name, concept)
  return file.kind === 'items' ? parseConcepts(file.items, name) : file
}

export async function parseConcepts(items: readonly unknown[], name: string): Promise<ConceptList> {
  // Loaded only where there are concepts: a call without any is answered sooner.
  const { conceptsSchema } = await import('../filter/index.js')
  const checked = checkedItems<Concept>(items, name, concept, conceptsSchema)
  return checked.kind === 'items' ? { kind: 'concepts', concepts: checked.items } : checked
}
