import { temporaryFolder } from '../disk/index.js'
import type { DatasetProcess } from './dataset-commands.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { type FeedCall, feedCommand } from './feed.js'
import { readOrder } from './feed-order.js'
import { readSets } from './feed-places.js'
import { systemClock } from './process.js'

/** `pairmill feed` on the real process. */
export async function feedHere(
  call: FeedCall,
  { cwd, stdout, stderr, readSurroundings, stopBySignal }: DatasetProcess,
): Promise<ExitCode> {
  const surroundings = readSurroundings()
  if (surroundings === null) return exitCodes.usage
  const stop = stopBySignal()
  const around = { cwd, s3: surroundings.environment.s3, now: Date.now }
  const scratch = await temporaryFolder('data')
  try {
    return await feedCommand(call, {
      read: () => readSets(call, around, stop.signal),
      readOrder: (sets, batchSize, onProgress) =>
        readOrder(sets, batchSize, { s3: around.s3, scratch: scratch.path, onProgress }, stop.signal),
      ...{ stdout, stderr, clock: systemClock, redraw: surroundings.redraw },
    })
  } catch (error) {
    if (stop.code !== null) return stop.code
    throw error
  } finally {
    await scratch.remove()
  }
}
