import { type OptOut, optOuts } from '../../records/index.js'

export const allOptOuts: ReadonlySet<OptOut> = new Set(optOuts)

/** Where a site can say so. */
type OptOutSource = 'header' | 'meta' | 'robots.txt' | 'tdmrep.json' | 'ai.txt'

/** A no that was found. */
export interface Refusal {
  readonly rule: OptOut
  /** Words of the site, shortened. */
  readonly value: string
  readonly source: OptOutSource
}

/** Product token and opt-outs that a run obeys. */
export interface OptOutRules {
  /** The crawler's name, for directives that are addressed to one crawler. */
  readonly productToken: string
  readonly obeyed: ReadonlySet<OptOut>
}

const maxValue = 200

/** `value` comes from a stranger: control characters are taken out, and it is cut. */
export function refusal(rule: OptOut, value: string, source: OptOutSource): Refusal {
  const plain = value.replace(/\p{Cc}+/gu, ' ').trim()
  return { rule, value: plain.length > maxValue ? `${plain.slice(0, maxValue)}…` : plain, source }
}
