import type { ScriptReply } from './scripts.js'

/** A reply that is a list of texts; whole numbers become texts too. */
export function textsOf(reply: ScriptReply): string[] {
  if (!Array.isArray(reply)) throw new Error(`the script answered ${JSON.stringify(reply)}, not a list`)
  return reply.map((value: ScriptReply) => String(value ?? ''))
}

/** A list as the scripts read it: its length, then its values. */
export const listOf = <T extends string | number | Buffer>(values: readonly T[]): (T | number)[] => [
  values.length,
  ...values,
]
export const countersOf = (counters: Readonly<Record<string, number>>): (string | number)[] => {
  const entries = Object.entries(counters).filter(([, count]) => count !== 0)
  return [entries.length, ...entries.flat()]
}

export const flag = (is: boolean): 0 | 1 => (is ? 1 : 0)
export const wholeMs = (ms: number): number => Math.max(Math.round(ms), 0)
