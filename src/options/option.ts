import type { z } from 'zod'

/** Command that takes an option; `sources`: those that read lists and archives. */
export type Taker = 'run' | 'crawl' | 'sources'

/** How a value is written, and what it may be. */
export interface Kind<Schema extends z.ZodType = z.ZodType> {
  /** Reads what a flag or a config file gave. */
  readonly schema: Schema
  /** Placeholder of the value in the help. */
  readonly value: string
  /** Completes "expected ..." in a message. */
  readonly expected: string
  /** May be given several times. */
  readonly repeatable?: true
  /** The closed set of values, from which a typo is corrected. */
  readonly choices?: readonly string[]
}

/** Traits of an option beside its kind and its help. */
export interface Traits<Value = unknown> {
  /** Absent = the schema says what a run has where it is not given. */
  readonly default?: Value
  /** Default in words, for the help; absent = `default` as it is, if it is a text or a number. */
  readonly fallback?: string
  /** Absent = every command. */
  readonly takenBy?: readonly Taker[]
  /**
   * Whether a run that goes on may have it otherwise: `freely`, as it changes how and not what; `raise` (null = no limit is the highest);
   * `add` to a list. Absent = never.
   */
  readonly change?: 'freely' | 'raise' | 'add'
  /** Its key of `RunOptions`, which is what a run has stored; absent = its own. */
  readonly field?: string
}

/** One option, before it stands under a heading. */
export interface Row<Schema extends z.ZodType> extends Kind<Schema>, Traits {
  readonly help: string
}

/** One option of a run: how it looks to people, what it may be, which commands take it, and when it may change. */
export interface RunOption extends Row<z.ZodType> {
  /** Heading of the help under which it stands. */
  readonly heading: string
}

export function option<Schema extends z.ZodType>(
  kind: Kind<Schema>,
  help: string,
  traits: Traits<z.output<Schema>> = {},
): Row<Schema> {
  const filled = 'default' in traits ? kind.schema.default(traits.default as never) : kind.schema
  return { ...kind, ...traits, help, schema: filled as z.ZodType as Schema }
}

/** Rows of the table under a heading of the help. */
export const under = <Rows extends Record<string, Row<z.ZodType>>>(heading: string, rows: Rows) =>
  Object.fromEntries(Object.entries(rows).map(([key, row]) => [key, { ...row, heading }])) as {
    readonly [Key in keyof Rows]: Rows[Key] & RunOption
  }
