import type { ProgressStyle } from '../options/index.js'
import { readStats } from '../query/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { jsonText } from './figures.js'
import { type TablesDeps, withTables } from './query.js'
import { renderStats } from './stats-text.js'

export interface StatsCall {
  /** Absolute folder, or an S3 URL. */
  readonly dir: string
  readonly json: boolean
  /** null = as suits standard error. */
  readonly progress: ProgressStyle | null
}

/** `pairmill stats`. */
export async function statsCommand(
  call: StatsCall,
  deps: TablesDeps & { readonly unicode: boolean },
): Promise<ExitCode> {
  return await withTables({ ...call, event: 'stats' }, deps, async (tables, ticker) => {
    const stats = await readStats(tables, ticker.show)
    ticker.close()
    deps.stdout.write(
      call.json ? `${jsonText(stats, 2)}\n` : renderStats(call.dir, stats, { unicode: deps.unicode }),
    )
    return exitCodes.ok
  })
}
