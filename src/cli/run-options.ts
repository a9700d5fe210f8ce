import { resolve } from 'node:path'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { renderModes } from '../crawl/index.js'
import {
  isS3Url,
  optOuts,
  parseConnectTo,
  parseS3Url,
  patternError,
  shownUrl,
  storedFormats,
  withoutSecrets,
} from '../records/index.js'
import { parseDuration } from '../timing/index.js'
import type { RunOptions } from '../workers/index.js'
import { contactPattern, withContact } from './contact.js'
import { nearest } from './nearest.js'
import { type FlagKey, flagKeys, flagOf } from './run-flags.js'

/** Options as a person gave them, by key: texts from flags, JSON values from a config file. */
export type GivenOptions = Readonly<Record<string, unknown>>

/** Values that are needed beside the options themselves. */
export interface OptionSurroundings {
  /** Canonical URLs. */
  readonly seeds: readonly string[]
  readonly sources: RunOptions['sources']
  /** As they were read; null = not given. */
  readonly concepts: RunOptions['concepts']
  /** Absolute; relative folders are taken from here. */
  readonly cwd: string
  /** The user agent where none is given. */
  readonly userAgent: string
  readonly isFolder: (path: string) => boolean
  /** Names the place a value was given at: `--max-pages`, or `maxPages in crawl.json`. */
  readonly nameOf: (key: string) => string
}

/** A text that writes a number becomes one, so that flags and config files are checked by the same rule. */
const numeric = (given: unknown): unknown =>
  typeof given === 'string' && /^\s*[+-]?\d+(?:\.\d+)?\s*$/.test(given) ? Number(given) : given

const unlessNone = (given: unknown): unknown => (given === 'none' ? null : numeric(given))

const whole = (min: number, max = Number.MAX_SAFE_INTEGER) => z.preprocess(numeric, z.int().min(min).max(max))
const limit = (min: number) => z.preprocess(unlessNone, z.int().min(min).nullable())
const text = z.string().trim().min(1)
const list = <Item extends z.ZodType>(item: Item) =>
  z.preprocess((given) => (typeof given === 'string' ? [given] : given), z.array(item))

const durationMs = z.preprocess(
  (given) => (given === 'none' ? null : given),
  z
    .string()
    .nullable()
    .transform((given, context) => {
      if (given === null) return null
      const parsed = parseDuration(given)
      if (parsed !== null && parsed > 0) return parsed
      context.addIssue({ code: 'custom' })
      return z.NEVER
    }),
)

const pattern = text.superRefine((given, context) => {
  const detail = patternError(given)
  if (detail !== null) context.addIssue({ code: 'custom', params: { detail } })
})

const connection = text.superRefine((given, context) => {
  const parsed = parseConnectTo(given)
  if ('error' in parsed) context.addIssue({ code: 'custom', params: { detail: parsed.error } })
})

/** A bare address means that address alone. */
const addressRange = text.transform((given, context) => {
  if (ipaddr.isValidCIDR(given)) return given
  if (ipaddr.IPv4.isValidFourPartDecimal(given)) return `${given}/32`
  if (ipaddr.IPv6.isValid(given)) return `${given}/128`
  context.addIssue({ code: 'custom' })
  return z.NEVER
})

const languages = z.preprocess(
  (given) =>
    (Array.isArray(given) ? given : [given]).flatMap((item: unknown) =>
      typeof item === 'string' ? item.split(',').map((code) => code.trim().toLowerCase()) : [item],
    ),
  z.array(z.string().regex(/^[a-z]{2,3}$/)).min(1),
)

/** Its first word is the product token that robots.txt rules are matched by (RFC 9309 section 2.2.1). */
const userAgent = z.string().regex(/^[A-Za-z_-][\x20-\x7e]*$/)

const place = text.superRefine((given, context) => {
  const location = isS3Url(given) ? parseS3Url(given) : null
  if (location !== null && 'problem' in location) {
    context.addIssue({ code: 'custom', params: { detail: location.problem } })
  }
  if (location === null && /^[a-z][a-z0-9+.-]*:\/\//i.test(given)) {
    context.addIssue({ code: 'custom', params: { detail: 'nothing else can be written to' } })
  }
})

const schema = z.strictObject({
  out: place,
  seeds: z.union([text, z.array(text)]).optional(),
  model: text.default(flagOf('model').fallback ?? ''),
  maxPages: limit(1).default(null),
  maxPairs: limit(1).default(null),
  maxTime: durationMs.default(null),
  maxDepth: limit(0).default(null),
  maxPagesPerHost: limit(1).default(null),
  scope: z.enum(['host', 'domain', 'any']).default('host'),
  include: list(pattern).default([]),
  exclude: list(pattern).default([]),
  sitemaps: z.enum(['on', 'off']).default('off'),
  render: z.enum(renderModes).default('auto'),
  delayMs: whole(0).default(1000),
  imageDelayMs: whole(0).optional(),
  concurrency: whole(1, 1000).default(16),
  userAgent: userAgent.optional(),
  contact: z.string().trim().regex(contactPattern).optional(),
  ignoreOptOut: list(z.enum(optOuts)).default([]),
  connectTo: list(connection).default([]),
  allowPrivate: list(addressRange).default([]),
  threshold: z.preprocess(numeric, z.number().min(-1).max(1).nullable()).default(null),
  // Read where files are read; see run-input.ts.
  concepts: z.union([text, z.array(z.unknown())]).optional(),
  lang: languages.optional(),
  minSide: whole(1).default(200),
  maxAspect: z.preprocess(numeric, z.number().min(1)).default(3),
  minBytes: whole(0).default(5000),
  dedupe: z.enum(['near', 'exact', 'off']).default('near'),
  repeatedText: limit(1).default(10),
  imageSize: whole(16, 8192).default(512),
  imageFormat: z.enum(storedFormats).default('jpg'),
  imageQuality: whole(1, 100).default(95),
  shardSize: z.preprocess(numeric, z.int().min(1).max(1_000_000).nullable()).default(null),
  shuffleSeed: text.default('pairmill'),
  backend: z
    .string()
    .regex(/^pglite:./)
    .optional(),
  threads: z.preprocess(numeric, z.int().min(1).max(256).nullable()).default(null),
  provider: z.enum(['cpu', 'cuda']).default('cpu'),
  batchSize: whole(1, 4096).default(256),
} satisfies Record<FlagKey, z.ZodType>)

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
  const { lang, maxTime, shuffleSeed, contact = null, seeds: _, concepts: __, ...rest } = parsed.data
  const { concepts } = surroundings
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
      out,
      backend: backendOf(rest.backend ?? null, out, isS3, surroundings.cwd),
      model: modelOf(rest.model, surroundings),
      maxTimeMs: maxTime,
      imageDelayMs: rest.imageDelayMs ?? Math.floor(rest.delayMs / 5),
      userAgent: withContact(rest.userAgent ?? surroundings.userAgent, contact),
      ignoreOptOut: [...new Set(rest.ignoreOptOut)].sort(),
      languages: lang === undefined ? null : [...new Set(lang)].sort(),
      seed: shuffleSeed,
    },
  }
}

/**
 * Where the state of a run in this process lies: in the dataset's folder, or where it is told. Beside a dataset on S3 a whole private folder
 * is needed, for the lock, the status and files under construction too, so the database is one of several things in it. '' = not told.
 */
function backendOf(given: string | null, out: string, isS3: boolean, cwd: string): string {
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
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${nameOf(key)}: no such option${meant(nearest(key, flagKeys))}`)
  }
  const [first, index] = issue.path
  const key = flagKeys.find((name) => name === first)
  if (key === undefined) return [`${String(first ?? 'options')}: ${issue.message}`]
  const flag = flagOf(key)
  const whole = given[key]
  if (whole === undefined) return [`${nameOf(key)}: missing; expected ${flag.expected}`]
  const value: unknown =
    Array.isArray(whole) && typeof index === 'number' && key !== 'lang' ? whole[index] : whole
  const reason: unknown = issue.code === 'custom' ? issue.params?.detail : undefined
  const detail = typeof reason === 'string' ? ` (${reason})` : ''
  const near = flag.choices && typeof value === 'string' ? nearest(value, flag.choices) : null
  return [`${nameOf(key)}: expected ${flag.expected}, got ${shown(value)}${detail}${meant(near)}`]
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
