import { z } from 'zod'
import {
  isS3Url,
  optOuts,
  parseAddressRange,
  parseConnectTo,
  parseS3Url,
  patternError,
} from '../records/index.js'
import { parseDuration } from '../timing/index.js'
import { contactPattern } from './contact.js'
import type { Kind } from './option.js'

/** A text that writes a number becomes one, so that flags and config files are checked by the same rule. */
const numeric = (given: unknown): unknown =>
  typeof given === 'string' && /^\s*[+-]?\d+(?:\.\d+)?\s*$/.test(given) ? Number(given) : given

const range = (min: number, max: number) => `from ${min}${Number.isFinite(max) ? ` to ${max}` : ''}`

const units = { N: '', MS: ' of milliseconds', PX: ' of pixels' }

/** Kind of a value that is written so. */
export const kindOf = <Schema extends z.ZodType>(value: string, expected: string, schema: Schema) => ({
  value,
  expected,
  schema,
})

/** Whole number of the unit that its placeholder means. */
export const whole = (value: keyof typeof units, min: number, max = Number.POSITIVE_INFINITY) =>
  kindOf(
    value,
    `a whole number${units[value]} ${range(min, max)}`,
    z.preprocess(numeric, z.int().min(min).max(max)),
  )

export const wholeOrNone = (min: number) =>
  kindOf(
    'N',
    `a whole number from ${min}, or none`,
    z.preprocess((given) => (given === 'none' ? null : numeric(given)), z.int().min(min).nullable()),
  )

export const number = (min: number, max = Number.POSITIVE_INFINITY) =>
  kindOf('X', `a number ${range(min, max)}`, z.preprocess(numeric, z.number().min(min).max(max)))

export const oneOf = <const Choices extends readonly string[]>(...choices: Choices) => ({
  ...kindOf(choices.join('|'), `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`, z.enum(choices)),
  choices,
})

/** Any number of one kind, one flag each. */
export const list = <Item extends z.ZodType>(item: Kind<Item>) => ({
  ...item,
  schema: z
    .preprocess((given) => (typeof given === 'string' ? [given] : given), z.array(item.schema).readonly())
    .default([]),
  repeatable: true as const,
})

/** null = as the option itself decides. */
export const orNull = <Schema extends z.ZodType>({ value, expected, schema }: Kind<Schema>) =>
  kindOf(value, expected, schema.nullable())

export const optional = <Schema extends z.ZodType>({ value, expected, schema }: Kind<Schema>) =>
  kindOf(value, expected, schema.optional())

export const text = z.string().trim().min(1)

/** Text of one shape, taken as it is. */
export const shaped = (shape: RegExp) => z.string().regex(shape).optional()

/** Text, or a list of something that only a config file can hold. It is read where files are read. */
export const textOrList = <Item extends z.ZodType>(item: Item) => z.union([text, z.array(item)]).optional()

/** In milliseconds; null = `none`. */
const durationMs = z
  .string()
  .nullable()
  .transform((given, context) => {
    if (given === null) return null
    const parsed = parseDuration(given)
    if (parsed !== null && parsed > 0) return parsed
    context.addIssue({ code: 'custom' })
    return z.NEVER
  })

export const duration = kindOf(
  'TIME',
  'a time with its unit such as 30s, 10m or 2h, or none',
  z.preprocess((given) => (given === 'none' ? null : given), durationMs),
)

/** Text in which `problemOf` finds nothing wrong; its answer is for people, null = nothing. */
const checked = (problemOf: (given: string) => string | null) =>
  text.superRefine((given, context) => {
    const detail = problemOf(given)
    if (detail !== null) context.addIssue({ code: 'custom', params: { detail } })
  })

export const pattern = kindOf(
  'PATTERN',
  'a pattern of * and ?, or a /regular expression/',
  checked(patternError),
)

export const connection = kindOf(
  'RULE',
  'HOST1:PORT1:HOST2:PORT2',
  checked((given) => {
    const parsed = parseConnectTo(given)
    return 'error' in parsed ? parsed.error : null
  }),
)

export const place = kindOf(
  'DIR|s3://...',
  'a folder or s3://BUCKET/PREFIX',
  checked((given) => {
    const location = isS3Url(given) ? parseS3Url(given) : null
    if (location !== null) return 'problem' in location ? location.problem : null
    return /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? 'nothing else can be written to' : null
  }),
)

/** A bare address means that address alone. */
export const addressRange = kindOf(
  'CIDR',
  'an address range such as 127.0.0.0/8 or ::1/128',
  text.transform((given, context) => {
    const range = parseAddressRange(given)
    if (!('error' in range)) return `${range.address}/${range.bits}`
    context.addIssue({ code: 'custom' })
    return z.NEVER
  }),
)

const languageCodes = z.preprocess(
  (given) =>
    (Array.isArray(given) ? given : [given]).flatMap((item: unknown) =>
      typeof item === 'string' ? item.split(',').map((code) => code.trim().toLowerCase()) : [item],
    ),
  z.array(z.string().regex(/^[a-z]{2,3}$/)).min(1),
)

/** A flag or a comma between them. */
export const languages = {
  ...kindOf('CODE', 'language codes of two or three letters such as en or en,de', languageCodes.optional()),
  repeatable: true as const,
}

export const optOutNames = {
  ...list(kindOf('NAME', `one of ${optOuts.join(', ')}`, z.enum(optOuts))),
  choices: optOuts,
}

export const contact = z.string().trim().regex(contactPattern).optional()
