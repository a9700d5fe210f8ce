import type { RenderSign } from './signs.js'

export type RenderMode = 'never' | 'auto' | 'always'

/** Renders of one kind of page, and those of them that gave what the static page did not have. Whole numbers, paid <= renders. */
export interface RenderTally {
  readonly renders: number
  readonly paid: number
}

/** Evidence of what rendering is worth on a host, over all workers and runs. Pages that could not be fetched are in neither number. */
export interface RenderEvidence {
  /** Pages that showed that something is missing from their HTML. */
  readonly signed: RenderTally
  /** Pages that run scripts, and showed nothing of the kind. */
  readonly plain: RenderTally
}

export const noEvidence: RenderEvidence = {
  signed: { renders: 0, paid: 0 },
  plain: { renders: 0, paid: 0 },
}

type RenderDecision =
  /** `trial`: the evidence is against it, and one in many is rendered all the same, to see whether that is still true. */
  | { readonly kind: 'render'; readonly of: keyof RenderEvidence; readonly trial: boolean }
  | { readonly kind: 'static' }

/** Rendering goes on where at least so many renders pay. */
const leastPaid = 0.2
/** Evidence assumed of a host before anything was rendered: signs are right in two of three cases, other pages never need it. */
const believed = {
  signed: { renders: 3, paid: 2 },
  plain: { renders: 4, paid: 0 },
} as const satisfies RenderEvidence
/** Share of the pages that are rendered against the evidence. */
export const trialShare = { signed: 0.05, plain: 0.02 } as const satisfies Record<
  keyof RenderEvidence,
  number
>

/**
 * Whether a page that was fetched well is rendered too. A page without a script, inline frame or shadow root is in a browser what it is
 * without: in `auto` it never is. 0 <= random < 1. Pure.
 */
export function renderDecision(
  mode: RenderMode,
  signs: readonly RenderSign[],
  evidence: RenderEvidence,
  random: number,
): RenderDecision {
  const of = signs.some((sign) => sign !== 'scripts') ? 'signed' : 'plain'
  if (mode === 'never') return { kind: 'static' }
  if (mode === 'always') return { kind: 'render', of, trial: false }
  if (signs.length === 0) return { kind: 'static' }
  const renders = believed[of].renders + evidence[of].renders
  const paid = believed[of].paid + evidence[of].paid
  if (paid / renders >= leastPaid) return { kind: 'render', of, trial: false }
  return random < trialShare[of] ? { kind: 'render', of, trial: true } : { kind: 'static' }
}

/** Lesson of one render, for the evidence of its host. */
export interface RenderLesson {
  readonly of: keyof RenderEvidence
  readonly paid: boolean
}

/** The evidence with one more render. Pure. */
export function withLesson(evidence: RenderEvidence, { of, paid }: RenderLesson): RenderEvidence {
  const known = evidence[of]
  return { ...evidence, [of]: { renders: known.renders + 1, paid: known.paid + (paid ? 1 : 0) } }
}
