import { resolve } from 'node:path'
import { z } from 'zod'
import { isS3Url, shownUrl, withoutSecrets } from '../records/index.js'
import { withContact } from './contact.js'
import { nearest } from './nearest.js'
import type { RunOptions } from './run-options.js'
import { type OptionKey, optionKeys, optionOf, type optionTable } from './table.js'

/** Options as a person gave them, by key: texts from flags, JSON values from a config file. */
export type GivenOptions = Readonly<Record<string, unknown>>

/** Values that are needed beside the options themselves. */
interface OptionSurroundings {
  /** Canonical URLs. */
  readonly seeds: readonly string[]
  readonly sources: RunOptions['sources']
  /** As they were read; null = not given. */
  readonly concepts: RunOptions['concepts']
  readonly rules: RunOptions['rules']
  readonly reject: RunOptions['reject']
  /** Absolute; relative folders are taken from here. */
  readonly cwd: string
  /** The user agent where none is given. */
  readonly userAgent: string
  readonly isFolder: (path: string) => boolean
  /** Names the place a value was given at: `--max-pages`, or `maxPages in crawl.json`. */
  readonly nameOf: (key: string) => string
}

const schemas = Object.fromEntries(optionKeys.map((key) => [key, optionOf(key).schema]))
const schema = z.strictObject(schemas as { [Key in OptionKey]: (typeof optionTable)[Key]['schema'] })

/** So that neither the order nor what is said twice makes another run. */
const sortedSet = <Item extends string>(items: readonly Item[]) => [...new Set(items)].sort()

/** All that is wrong with the given options, a message each; or the options, filled in. */
export function parseRunOptions(
  given: GivenOptions,
  surroundings: OptionSurroundings,
): { readonly options: RunOptions } | { readonly problems: readonly string[] } {
  const parsed = schema.safeParse(given)
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, given, surroundings.nameOf))
    return { problems: [...new Set(problems)] }
  }
  const {
    lang,
    maxTime,
    shuffleSeed,
    contact = null,
    seeds: _,
    concepts: __,
    rules: ___,
    reject: ____,
    ...rest
  } = parsed.data
  const { concepts, rules, reject } = surroundings
  if (concepts !== null && concepts.length > 0 && rest.model === 'none') {
    return {
      problems: [`${surroundings.nameOf('concepts')}: needs a model to see them with, but the model is none`],
    }
  }
  const isS3 = isS3Url(rest.out)
  const out = isS3 ? rest.out.replace(/\/$/, '') : resolve(surroundings.cwd, rest.out)
  return {
    options: {
      ...rest,
      seeds: surroundings.seeds,
      sources: surroundings.sources,
      concepts,
      rules,
      reject,
      out,
      backend: backendOf(rest.backend ?? null, out, isS3, surroundings.cwd),
      model: modelOf(rest.model, surroundings),
      maxTimeMs: maxTime,
      imageDelayMs: rest.imageDelayMs ?? Math.floor(rest.delayMs / 5),
      userAgent: withContact(rest.userAgent ?? surroundings.userAgent, contact),
      ignoreOptOut: sortedSet(rest.ignoreOptOut),
      languages: lang === undefined ? null : sortedSet(lang),
      seed: shuffleSeed,
    },
  }
}

/**
 * Where the state of a run in this process lies: in the dataset's folder, or where it is told. Beside a dataset on S3 a whole private folder
 * is needed, for the lock, the status and files under construction too, so the database is one of several things in it. '' = not told.
 */
export function backendOf(given: string | null, out: string, isS3: boolean, cwd: string): string {
  const folder = given === null ? null : resolve(cwd, given.slice('pglite:'.length))
  if (!isS3) return `pglite:${folder ?? resolve(out, '.pairmill/db')}`
  return folder === null ? '' : `pglite:${resolve(folder, '.pairmill/db')}`
}

/**
 * A folder is made absolute, so that the stored option does not depend on where the command was typed. `none` (no model)
 * never means a folder; `./none` does.
 */
export function modelOf(given: string, surroundings: Pick<OptionSurroundings, 'cwd' | 'isFolder'>): string {
  if (given === 'none') return given
  const path = resolve(surroundings.cwd, given)
  return /^\.{0,2}\//.test(given) || surroundings.isFolder(path) ? path : given
}

function problemsOf(
  issue: z.core.$ZodIssue,
  given: GivenOptions,
  nameOf: (key: string) => string,
): readonly string[] {
  const [first, index] = issue.path
  const key = optionKeys.find((name) => name === first)
  if (key === undefined) return [`${String(first ?? 'options')}: ${issue.message}`]
  const { expected, choices = [] } = optionOf(key)
  const whole = given[key]
  if (whole === undefined) return [`${nameOf(key)}: missing; expected ${expected}`]
  const value: unknown =
    Array.isArray(whole) && typeof index === 'number' && key !== 'lang' ? whole[index] : whole
  const reason: unknown = issue.code === 'custom' ? issue.params?.detail : undefined
  const detail = typeof reason === 'string' ? ` (${reason})` : ''
  const near = typeof value === 'string' ? nearest(value, choices) : null
  return [`${nameOf(key)}: expected ${expected}, got ${shown(value)}${detail}${meant(near)}`]
}

const meant = (near: string | null): string => (near === null ? '' : `; did you mean ${near}?`)

/** A value as the person typed it, as far as it may be shown, in one short line. */
function shown(value: unknown): string {
  const plain =
    Array.isArray(value) && value.every((item) => typeof item === 'string') ? value.join(',') : value
  const written =
    typeof plain === 'string'
      ? `'${withoutSecrets(shownUrl(plain))}'`
      : withoutSecrets(JSON.stringify(plain) ?? String(plain))
  return written.length > 80 ? `${written.slice(0, 77)}...` : written
}
