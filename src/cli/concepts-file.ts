import type { z } from 'zod'
import type { Concept } from '../filter/index.js'
import { nearest } from '../options/index.js'
import { messageOf } from '../records/index.js'

export type ConceptList =
  /** null = none were given. */
  | { readonly kind: 'concepts'; readonly concepts: readonly Concept[] | null }
  | { readonly kind: 'problems'; readonly problems: readonly string[] }

const example =
  '[{"name": "cat", "action": "tag", "prompts": ["a photo of a cat"], "against": ["a photo"], "margin": 0.02}]'

/** Allowed values of each field; completes "expected ...". */
const fields: Readonly<Record<keyof Concept, string>> = {
  name: 'a name of lower-case letters, digits, - and _',
  action: 'tag, drop or keep',
  prompts: 'a list of texts, at least one',
  against: 'a list of texts, at least one',
  margin: 'a number from -2 to 2',
}

/** A concepts file: a JSON list. `name` is for messages. */
export async function parseConceptsFile(content: string, name: string): Promise<ConceptList> {
  let value: unknown
  try {
    value = JSON.parse(content.replace(/^\uFEFF/, ''))
  } catch (error) {
    return problems([`${name}: not JSON: ${messageOf(error)}`])
  }
  return Array.isArray(value)
    ? parseConcepts(value, name)
    : problems([`${name}: expected a JSON list of concepts such as ${example}`])
}

export async function parseConcepts(items: readonly unknown[], name: string): Promise<ConceptList> {
  // Loaded only where there are concepts: a call without any is answered sooner.
  const { conceptsSchema } = await import('../filter/index.js')
  const parsed = conceptsSchema.safeParse(items)
  if (parsed.success) return { kind: 'concepts', concepts: parsed.data }
  const found = parsed.error.issues.flatMap((issue) => problemsOf(issue, items, name))
  return problems([...new Set(found)])
}

const problems = (list: readonly string[]): ConceptList => ({ kind: 'problems', problems: list })

function problemsOf(issue: z.core.$ZodIssue, items: readonly unknown[], name: string): readonly string[] {
  const [index, field] = issue.path
  const item = typeof index === 'number' ? items[index] : undefined
  const place = `${name} item ${typeof index === 'number' ? index + 1 : '?'}`
  if (!isRecord(item)) return [`${place}: expected a concept such as ${example.slice(1, -1)}`]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const near = nearest(key, Object.keys(fields))
      return `${place}: no field is called '${key}'${near === null ? '' : `; did you mean '${near}'?`}`
    })
  }
  const known = typeof field === 'string' ? fieldOf(field) : undefined
  if (known === undefined) return [`${place}: ${issue.message}`]
  const value = item[known]
  if (value === undefined) return [`${place}: ${known}: missing; expected ${fields[known]}`]
  if (issue.code === 'custom') return [`${place}: ${known}: '${String(value)}': ${issue.message}`]
  return [`${place}: ${known}: expected ${fields[known]}, got ${shown(value)}`]
}

function fieldOf(name: string): keyof Concept | undefined {
  return Object.hasOwn(fields, name) ? (name as keyof Concept) : undefined
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  const written = JSON.stringify(value) ?? String(value)
  return written.length > 80 ? `${written.slice(0, 77)}...` : written
}
