import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { backendOf } from '../options/index.js'
import { isS3Url } from '../records/index.js'
import type { DatasetProcess } from './dataset-commands.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import type { RetractCall } from './retract.js'

/** `pairmill retract` on the real process; what it is made of is loaded when it is called. */
export async function retractHere(
  call: RetractCall,
  { cwd, stdout, stderr, readSurroundings, stopBySignal }: DatasetProcess,
): Promise<ExitCode> {
  const surroundings = readSurroundings()
  if (surroundings === null) return exitCodes.usage
  const [{ retractCommand }, { holdDataset, retract }, { systemClock }, { placeOf }] = await Promise.all([
    import('./retract.js'),
    import('../retract/index.js'),
    import('./process.js'),
    import('./place.js'),
  ])
  const place = placeOf(call.place, cwd)
  const { backend } = call
  const where = {
    place,
    // As a run takes it.
    backend: backend?.startsWith('pglite:') ? backendOf(backend, place, isS3Url(place), cwd) : backend,
    s3: surroundings.environment.s3,
  }
  const stop = stopBySignal()
  try {
    return await retractCommand(call, {
      where,
      readText: (path) => readFile(resolve(cwd, path), 'utf8'),
      hold: (onNote) => holdDataset(where, onNote, stop.signal),
      retract,
      setReportAside: async (store, signal) =>
        await (await import('../report/index.js')).setReportAside(store, signal),
      writeReportAnew: async ({ store, signal }, onStep) => {
        const { writeReportAnew } = await import('./report-anew.js')
        return await writeReportAnew({ place: call.place, store, onStep }, signal)
      },
      stdout,
      stderr,
      clock: systemClock,
    })
  } catch (error) {
    if (stop.code !== null) return stop.code
    throw error
  }
}
