import { fileURLToPath } from 'node:url'
import type { Hub } from '../backend/index.js'
import { isS3Url, messageOf } from '../records/index.js'
import type { DatasetProcess } from './dataset-commands.js'
import type { Surroundings } from './environment.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { followRun, type Sight, sightOfFleet } from './explore-live.js'
import { unknownRun } from './fleet.js'
import { say } from './output.js'
import type { OpenPlace } from './place.js'
import { noDataset } from './verify.js'

export interface ExploreCall {
  /** Folder, S3 URL, or the name of a run of the fleet. */
  readonly target: string
  /** 0 = any free one. */
  readonly port: number
  readonly host: string
  /** null = as the dataset names it. */
  readonly model: string | null
  /** null = as the environment has it, unless a dataset is meant. */
  readonly backend: string | null
}

/** DuckDB's memory, and that of statements that do not fit into it lies on the disk: embeddings need the rest. */
const memoryLimitMb = 256
/** More threads than that do not wait for the processor, but for the memory. */
const mostScanThreads = 2

/** `pairmill explore` on this machine, until a signal. */
export async function exploreHere(call: ExploreCall, process: DatasetProcess): Promise<ExitCode> {
  const { stderr, readSurroundings, stopBySignal } = process
  const surroundings = readSurroundings()
  if (surroundings === null) return exitCodes.usage
  const stop = stopBySignal()
  const closers: (() => Promise<void>)[] = []
  try {
    const target = await targetOf(call, process, surroundings, closers)
    if ('message' in target) {
      say(stderr, target.message)
      return target.code
    }
    return await explore(call, { ...target, process, surroundings, closers }, stop.signal)
  } catch (error) {
    if (stop.code !== null) return stop.code
    throw error
  } finally {
    for (const close of closers.reverse()) await close()
  }
}

interface Target {
  /** Absolute folder, or an S3 URL. */
  readonly place: string
  /** Fleet whose run writes it; null = none that is known. */
  readonly fleet: { readonly hub: Hub; readonly run: string } | null
}

async function targetOf(
  { target, backend }: ExploreCall,
  { cwd }: DatasetProcess,
  { fleetUrl }: Surroundings,
  closers: (() => Promise<void>)[],
): Promise<Target | { readonly message: string; readonly code: ExitCode }> {
  const [{ isFolder }, { placeOf }] = await Promise.all([import('./process.js'), import('./place.js')])
  const place = placeOf(target, cwd)
  const isPlace = isS3Url(place) || isFolder(place)
  const url = backend ?? (isPlace ? null : fleetUrl)
  if (url === null)
    return isPlace ? { place, fleet: null } : { message: noDataset(place), code: exitCodes.failed }
  const [{ openRedisHub }, { readRun }] = await Promise.all([
    import('../backend/index.js'),
    import('../run/index.js'),
  ])
  const hub = await openRedisHub(url, () => {})
  if ('message' in hub) return { message: hub.message, code: exitCodes.backend }
  closers.push(() => hub.close())
  const run = await readRun(hub.backend, target)
  if (run === null) {
    const names = (await hub.backend.runs()).map((entry) => entry.run)
    return { message: unknownRun(target, names), code: exitCodes.failed }
  }
  return { place: placeOf(run.dataset, cwd), fleet: { hub, run: target } }
}

interface Surrounded extends Target {
  readonly process: DatasetProcess
  readonly surroundings: Surroundings
  readonly closers: (() => Promise<void>)[]
}

/** Serves until the signal; then throws its reason. */
async function explore(
  call: ExploreCall,
  { place, fleet, process, surroundings, closers }: Surrounded,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { stdout, stderr, cwd } = process
  const [
    { openPlace },
    report,
    { openTables },
    { usableCores },
    { pageSkipExplanations, rejectExplanations },
  ] = await Promise.all([
    import('./place.js'),
    import('../report/index.js'),
    import('../query/index.js'),
    import('../run/index.js'),
    import('./reasons.js'),
  ])
  const opened = await openPlace(place, surroundings.environment.s3, signal)
  if ('message' in opened) {
    say(stderr, opened.message)
    return exitCodes.usage
  }
  closers.push(() => opened.close())
  const { store, scratchDir: scratch } = opened
  const trouble = (error: unknown) => say(stderr, messageOf(error))
  const cores = usableCores()
  const index = new report.VectorIndex(report.scanThreads(Math.min(cores, mostScanThreads)))
  closers.push(() => index.close())
  const look = fleet === null ? await folderLook(place, opened, trouble, signal) : fleetLook(fleet)
  const explored = await report.Explored.open(
    {
      store,
      index,
      openTables: () => openTables([store], { scratch, memoryLimitMb, threads: cores }, signal),
      now: Date.now,
      onTrouble: trouble,
    },
    signal,
  )
  if ('kind' in explored) {
    say(stderr, explored.message)
    return exitCodes.failed
  }
  closers.push(() => explored.close())
  if (explored.contents.entries.length === 0 && look === null) {
    say(stderr, `nothing is committed in ${place} yet, and no run is there to follow`)
    return exitCodes.failed
  }
  const search = new report.Search(
    explored,
    await openEmbedder(call, surroundings, { cwd, cores, trouble }, signal),
  )
  closers.push(() => search.close())
  const live = look === null ? null : followRun(look, Date.now)
  const meanings = { candidates: rejectExplanations, pages: pageSkipExplanations }
  const figures = new report.Figures({
    standing: () => explored.standing,
    read: (onStep, own) =>
      explored.withTables((tables) =>
        report.readReport({ place: call.target, store, tables, meanings, onStep }, own),
      ),
  })
  closers.push(() => figures.close())
  const server = await report.serveExplorer(
    call,
    await report.readPageParts(),
    {
      place: call.target,
      explored,
      search,
      rejected: new report.RejectedPictures(store),
      newest: new report.Newest(store),
      meanings: rejectExplanations,
      live,
      figures,
      now: () => performance.now(),
    },
    trouble,
  )
  if ('message' in server) {
    say(stderr, server.message)
    return exitCodes.failed
  }
  closers.push(() => server.close())
  if (!report.isLoopback(call.host))
    say(stderr, `--host ${call.host}: whoever reaches this address sees the dataset; there is no password`)
  stdout.write(`Open it in a browser:\n  ${server.url}\nCtrl-C ends it.\n`)
  await new Promise((_, ended) => {
    const end = () => ended(signal.reason)
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
  return exitCodes.ok
}

/** How the run in a folder, or behind a bucket, is seen; null = none ever was there. */
async function folderLook(
  place: string,
  { store }: OpenPlace,
  trouble: (error: unknown) => void,
  signal: AbortSignal,
): Promise<(() => Promise<Sight | null>) | null> {
  const { readStatus, readPublishedStatus } = await import('../run/index.js')
  const look = async (): Promise<Sight | null> => {
    const snapshot = isS3Url(place)
      ? await readPublishedStatus(store, Date.now(), signal)
      : await readStatus(place, trouble)
    return 'problem' in snapshot ? null : { snapshot, state: snapshot.state, workers: [] }
  }
  return (await look()) === null ? null : look
}

function fleetLook({ hub, run }: NonNullable<Target['fleet']>): () => Promise<Sight | null> {
  return async () => {
    const { readRun, readWorkers } = await import('../run/index.js')
    const [details, workers] = await Promise.all([readRun(hub.backend, run), readWorkers(hub.backend)])
    return details === null ? null : sightOfFleet(details, workers, Date.now())
  }
}

async function openEmbedder(
  { model }: ExploreCall,
  { environment }: Surroundings,
  { cwd, cores, trouble }: { cwd: string; cores: number; trouble: (text: string) => void },
  signal: AbortSignal,
) {
  const [{ embedderOf }, { modelOf }, { isFolder }] = await Promise.all([
    import('./explore-model.js'),
    import('../options/index.js'),
    import('./process.js'),
  ])
  return embedderOf(
    {
      environment,
      given: model === null ? null : modelOf(model, { cwd, isFolder }),
      boxed: (name) => {
        const folder = /^[\w-]+$/.test(name)
          ? fileURLToPath(new URL(`../../models/${name}`, import.meta.url))
          : null
        return folder !== null && isFolder(folder) ? folder : null
      },
      threads: cores,
      onProgress: trouble,
    },
    signal,
  )
}
