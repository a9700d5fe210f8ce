import type { Backend } from '../backend.js'
import { candidateArguments, candidatesAtOnce, slices } from './frontier-scripts.js'
import { countersOf, flag, listOf, rowsOf, textsOf, wholeMs } from './replies.js'
import type { CallScript } from './scripts.js'

/** Lists and archives that candidates come from beside pages. */
export function sourceScripts(call: CallScript): Pick<Backend, 'openSources' | 'sources' | 'commitSource'> {
  return {
    openSources: async (run, sources) => {
      const rows = rowsOf(textsOf(await call('open_sources', [run, ...listOf(sources)])), 2)
      return sources.map((source, i) => {
        const [ended, cursor = ''] = rows[i] ?? []
        return { source, cursor, ended: ended === '1' }
      })
    },
    sources: async (run) =>
      rowsOf(textsOf(await call('sources', [run])), 3).map(([source = '', ended, cursor = '']) => ({
        source,
        cursor,
        ended: ended === '1',
      })),
    commitSource: async ({ run, source, from, to, ended, candidates, counters, ...shape }) => {
      // Candidates beyond those that one script should carry go ahead: each enters once, so nothing is doubled where the rest does not follow.
      const parts = slices(candidates, candidatesAtOnce)
      const last = parts.pop() ?? []
      for (const [some, more] of [...parts.map((part) => [part, true] as const), [last, false] as const]) {
        const [kind, ...rest] = textsOf(
          await call('commit_source', [
            run,
            source,
            from,
            to,
            flag(ended),
            flag(more),
            shape.batchSize,
            wholeMs(shape.batchAgeMs),
            shape.perHost,
            ...candidateArguments(some),
            ...countersOf(counters),
          ]),
        )
        if (kind === 'elsewhere') return { kind, ended: rest[0] === '1', cursor: rest[1] ?? '' }
        if (!more) return { kind: 'committed', batches: rest }
      }
      throw new Error('a commit without its last part')
    },
  }
}
