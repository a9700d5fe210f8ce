import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isS3Url, messageOf } from '../records/index.js'
import type { Store } from '../shard/index.js'
import type { DatasetCommands, ReportOrder } from './dataset-program.js'
import type { Surroundings } from './environment.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { type Output, say } from './output.js'
import type { OpenPlace } from './place.js'
import type { TablesDeps } from './query.js'
import type { ShowDeps } from './show.js'

/** The process, for commands that read a dataset. */
export interface DatasetProcess {
  readonly cwd: string
  readonly stdout: Output
  readonly stderr: Output
  /** null = the environment cannot be used, which was said. */
  readonly readSurroundings: () => Surroundings | null
  /** `code`: what the process answers because of a signal; null = none came. */
  readonly stopBySignal: () => { readonly signal: AbortSignal; readonly code: ExitCode | null }
}

/** The commands that ask a dataset, with the real process; what they are made of is loaded when one is called. */
export function datasetCommands(process: DatasetProcess): DatasetCommands {
  const { stdout, stderr } = process
  const asking = async (
    given: string,
    ask: (dir: string, deps: AskingDeps) => Promise<ExitCode>,
  ): Promise<ExitCode> =>
    await reading(process, given, async ({ dir, opened, signal, surroundings, isPlace }) => {
      const [{ openTables }, { systemClock }, { usableCores }] = await Promise.all([
        import('../query/index.js'),
        import('./process.js'),
        import('../run/index.js'),
      ])
      const { store, scratchDir: scratch } = opened
      const threads = usableCores()
      const open: TablesDeps['open'] = (onProgress) =>
        openTables([store], { scratch, threads, onProgress }, signal)
      return await ask(dir, {
        ...surroundings,
        open,
        isPlace,
        stdout,
        stderr,
        clock: systemClock,
        store,
        signal,
      })
    })
  return {
    query: (call) =>
      asking(call.dir, async (dir, deps) =>
        (await import('./query.js')).queryCommand({ ...call, dir }, deps),
      ),
    stats: (call) =>
      asking(call.dir, async (dir, deps) =>
        (await import('./stats.js')).statsCommand({ ...call, dir }, deps),
      ),
    report: (call) =>
      asking(
        call.dir,
        async (dir, deps) => await reportHere(process.cwd, { ...call, dir, place: call.dir }, deps),
      ),
    show: (call) =>
      reading(process, call.dir, async ({ dir, opened, signal, isPlace }) => {
        const [{ showCommand }, { readPair }] = await Promise.all([
          import('./show.js'),
          import('../shard/index.js'),
        ])
        const read = () => readPair(opened.store, call.name, signal)
        const out = call.out === null ? null : resolve(process.cwd, call.out)
        return await showCommand(
          { ...call, dir, out },
          { isPlace, read, write: writePicture, stdout, stderr },
        )
      }),
  }
}

interface AskingDeps extends TablesDeps {
  readonly unicode: boolean
  readonly store: Store
  readonly signal: AbortSignal
}

/** `pairmill report`, of a dataset that can be asked. `call.place`: as it was given. */
async function reportHere(
  cwd: string,
  call: ReportOrder & { readonly place: string },
  { store, signal, ...deps }: Omit<AskingDeps, 'unicode'>,
): Promise<ExitCode> {
  const [{ reportCommand }, { placeProblem, readReport, reportDocument, writeReport }, { reportName }] =
    await Promise.all([import('./report.js'), import('../report/index.js'), import('../shard/index.js')])
  const inFolder = isS3Url(call.dir) ? null : join(call.dir, reportName)
  return await reportCommand(
    { ...call, out: call.out === null ? inFolder : resolve(cwd, call.out) },
    {
      ...deps,
      read: (tables, meanings, onStep) =>
        readReport({ place: call.place, store, tables, meanings, onStep }, signal),
      documentOf: reportDocument,
      placeProblem,
      write: writeReport,
    },
  )
}

interface Reading {
  /** As it was given, absolute. */
  readonly dir: string
  readonly opened: OpenPlace
  readonly signal: AbortSignal
  readonly surroundings: Surroundings
  readonly isPlace: (place: string) => boolean
}

/** Opens a place to read it; a signal ends what goes on there, and takes away what was copied. */
export async function reading(
  { cwd, stderr, readSurroundings, stopBySignal }: DatasetProcess,
  given: string,
  work: (reading: Reading) => Promise<ExitCode>,
): Promise<ExitCode> {
  const surroundings = readSurroundings()
  if (surroundings === null) return exitCodes.usage
  const [{ isFolder }, { openPlace, placeOf }] = await Promise.all([
    import('./process.js'),
    import('./place.js'),
  ])
  const dir = placeOf(given, cwd)
  const stop = stopBySignal()
  const opened = await openPlace(dir, surroundings.environment.s3, stop.signal)
  if ('message' in opened) {
    say(stderr, opened.message)
    return exitCodes.usage
  }
  try {
    const isPlace = (place: string) => isS3Url(place) || isFolder(place)
    return await work({ dir, opened, signal: stop.signal, surroundings, isPlace })
  } catch (error) {
    if (stop.code !== null) return stop.code
    throw error
  } finally {
    await opened.close()
  }
}

const writePicture: ShowDeps['write'] = async (path, bytes, force) => {
  try {
    await writeFile(path, bytes, { flag: force ? 'w' : 'wx' })
    return null
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return 'exists'
    return { problem: `cannot be written: ${messageOf(error)}` }
  }
}
