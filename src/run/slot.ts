import type { WorkResult } from '../backend/index.js'

/** `key`: of what was worked on. */
export interface Visit {
  readonly key: string
  readonly result: WorkResult
}

/** Works on the first of these that is to be had. The slot has its next turn behind the slots of the other runs. */
export async function takeOne(
  slot: string,
  open: readonly { readonly key: string; readonly take: () => Promise<WorkResult | null> }[],
): Promise<Visit> {
  for (const { key, take } of open) {
    const result = await take()
    if (result !== null) return { key, result: result.kind === 'done' ? { kind: 'again', inMs: 0 } : result }
  }
  return { key: slot, result: { kind: 'done' } }
}
