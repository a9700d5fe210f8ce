import { messageOf } from '../records/index.js'
import { nearest } from './nearest.js'
import type { GivenOptions } from './parse.js'
import { optionKeys } from './table.js'

export type ConfigFile =
  | { readonly kind: 'config'; readonly given: GivenOptions }
  | { readonly kind: 'problem'; readonly message: string }

/**
 * A config file: one JSON object whose keys are the long options in camelCase (`--max-pages` is `maxPages`).
 * Values are checked later, together with those of the flags. `name` is for messages.
 */
export function parseConfigFile(content: string, name: string): ConfigFile {
  let value: unknown
  try {
    value = JSON.parse(content.replace(/^\uFEFF/, ''))
  } catch (error) {
    return problem(`${name}: not JSON: ${messageOf(error)}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return problem(`${name}: expected a JSON object such as {"maxPages": 100}`)
  }
  const given = value as Record<string, unknown>
  const unknown = Object.keys(given).filter((key) => !optionKeys.some((known) => known === key))
  if (unknown.length === 0) return { kind: 'config', given }
  return problem(unknown.map((key) => `${name}: no option is called '${key}'${suggestion(key)}`).join('\n'))
}

function suggestion(key: string): string {
  const camel = key.replace(/^-+/, '').replace(/[-_]+(.)/g, (_, letter: string) => letter.toUpperCase())
  const near = nearest(camel, optionKeys)
  return near === null ? '' : `; did you mean '${near}'?`
}

const problem = (message: string): ConfigFile => ({ kind: 'problem', message })
