import type { z } from 'zod'
import { nearest } from '../options/index.js'
import { messageOf } from '../records/index.js'

/** Kind of thing that a JSON file holds a list of: how it is named and described where it is not as it has to be. */
export interface ItemKind {
  /** `a concept`. */
  readonly article: string
  /** `concepts`. */
  readonly plural: string
  /** One of them, as it may be written. */
  readonly example: string
  /** Allowed values of each field; completes "expected ...". */
  readonly fields: Readonly<Record<string, string>>
  /** Name of an item beside its number; null = it has none. */
  readonly nameOf?: (item: Readonly<Record<string, unknown>>) => string | null
}

export type ItemList<Item> =
  | { readonly kind: 'items'; readonly items: readonly Item[] }
  | { readonly kind: 'problems'; readonly problems: readonly string[] }

/** What a file holds as JSON, a list. `name` is for messages. */
export function parseItemFile(content: string, name: string, kind: ItemKind): ItemList<unknown> {
  let value: unknown
  try {
    value = JSON.parse(content.replace(/^\uFEFF/, ''))
  } catch (error) {
    return { kind: 'problems', problems: [`${name}: not JSON: ${messageOf(error)}`] }
  }
  if (Array.isArray(value)) return { kind: 'items', items: value }
  const problem = `${name}: expected a JSON list of ${kind.plural} such as [${kind.example}]`
  return { kind: 'problems', problems: [problem] }
}

/** Items by their schema, or all that is wrong with them: file, item, field and value. */
export function checkedItems<Item>(
  items: readonly unknown[],
  name: string,
  kind: ItemKind,
  schema: z.ZodType<readonly Item[]>,
): ItemList<Item> {
  const parsed = schema.safeParse(items)
  if (parsed.success) return { kind: 'items', items: parsed.data }
  const found = parsed.error.issues.flatMap((issue) => problemsOf(issue, items, name, kind))
  return { kind: 'problems', problems: [...new Set(found)] }
}

function problemsOf(
  issue: z.core.$ZodIssue,
  items: readonly unknown[],
  file: string,
  { article, example, fields, nameOf }: ItemKind,
): readonly string[] {
  const [index, field, ...within] = issue.path
  if (typeof index !== 'number') return [`${file}: ${issue.message}`]
  const item = items[index]
  if (!isRecord(item)) return [`${file} item ${index + 1}: expected ${article} such as ${example}`]
  const own = nameOf?.(item) ?? null
  const place = `${file} item ${index + 1}${own === null ? '' : ` (${own})`}`
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const near = nearest(key, Object.keys(fields))
      return `${place}: no field is called '${key}'${near === null ? '' : `; did you mean '${near}'?`}`
    })
  }
  if (typeof field !== 'string' || !Object.hasOwn(fields, field)) return [`${place}: ${issue.message}`]
  const whole = item[field]
  if (whole === undefined) return [`${place}: ${field}: missing; expected ${fields[field]}`]
  if (issue.code !== 'custom') return [`${place}: ${field}: expected ${fields[field]}, got ${shown(whole)}`]
  const at = within[0]
  const value: unknown = typeof at === 'number' && Array.isArray(whole) ? whole[at] : whole
  return [`${place}: ${field}: '${shortened(String(value))}': ${issue.message}`]
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const shown = (value: unknown): string => shortened(JSON.stringify(value) ?? String(value))

const shortened = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}...` : text)
