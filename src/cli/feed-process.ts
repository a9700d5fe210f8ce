import type { DatasetProcess } from './dataset-commands.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { type FeedCall, feedCommand } from './feed.js'
import { readSets } from './feed-places.js'

/** `pairmill feed` on the real process. */
export async function feedHere(
  call: FeedCall,
  { cwd, stdout, stderr, readSurroundings, stopBySignal }: DatasetProcess,
): Promise<ExitCode> {
  const surroundings = readSurroundings()
  if (surroundings === null) return exitCodes.usage
  const stop = stopBySignal()
  const around = { cwd, s3: surroundings.environment.s3, now: Date.now }
  try {
    return await feedCommand(call, { read: () => readSets(call, around, stop.signal), stdout, stderr })
  } catch (error) {
    if (stop.code !== null) return stop.code
    throw error
  }
}
