import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { temporaryFolder } from '../disk/index.js'
import {
  DatasetUnusable,
  type FeedPlace,
  keepWhere,
  type MixturePart,
  type OpenPlace,
  openPlace,
  readMixture,
} from '../feed/index.js'
import { type FeedServer, Positions, type ServedSource, startFeedServer } from '../feed/serve/index.js'
import { openTables } from '../query/index.js'
import { isS3Url, messageOf } from '../records/index.js'
import { usableCores } from '../run/index.js'
import { manifestName, type S3Settings } from '../shard/index.js'
import type { DatasetProcess } from './dataset-commands.js'
import type { Clock } from './display.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { listeningText, servedText } from './feed-serve-text.js'
import { say } from './output.js'
import { placeOf } from './place.js'
import { systemClock } from './process.js'
import { openProgressLine } from './progress-line.js'

export interface ServeCall {
  /** As they were given. */
  readonly datasets: readonly string[]
  /** 0 = any free one. */
  readonly port: number
  /** Folder for how far readers came; null = the first dataset's, or one here where nothing can be written there. */
  readonly stateDir: string | null
}

/** More than eight cards with four workers each ask for. */
const maxStreams = 64
/** For each tar that is sent. */
const readsAtOnce = 32
/** For all of them. */
const bufferBytes = 2 ** 28
/** The file of `--python`, part of the package. */
const pythonFile = '#python/pairmill_feed.py'
/** Of a dataset that is split, the part that is meant where none is named. */
const usualSplit = 'train'

/** `pairmill feed --serve` on the real process, until a signal ends it. */
export async function serveHere(call: ServeCall, here: DatasetProcess): Promise<ExitCode> {
  const { cwd, stdout, stderr, readSurroundings, stopBySignal } = here
  const surroundings = readSurroundings()
  if (surroundings === null) return exitCodes.usage
  const mixture = readMixture(call.datasets)
  if ('problem' in mixture) {
    say(stderr, mixture.problem)
    return exitCodes.usage
  }
  const stop = stopBySignal()
  const scratch = await temporaryFolder('data')
  const places = new OpenPlaces(mixture, { cwd, scratch: scratch.path, s3: surroundings.environment.s3 })
  try {
    const positions = await openPositions(call.stateDir, mixture, cwd, (text) => say(stderr, text))
    const progress = openProgressLine('feed', stderr, systemClock)
    const server = await startFeedServer(call.port, {
      ...{
        positions,
        windowShards: null,
        readsAtOnce,
        bufferBytes,
        maxStreams,
        now: () => performance.now(),
      },
      openSplit: (split, signal) => places.open(split, signal),
      onNote: (message) => {
        progress.clear()
        say(stderr, message)
      },
    })
    stdout.write(listeningText(server))
    const end = showing(server, progress, systemClock)
    if (!stop.signal.aborted) await once(stop.signal, 'abort')
    end()
    await server.close()
    return stop.code ?? exitCodes.ok
  } catch (error) {
    if (stop.code !== null) return stop.code
    if (error instanceof DatasetUnusable) {
      say(stderr, error.message)
      return exitCodes.failed
    }
    if (!isTaken(error)) throw error
    say(
      stderr,
      `port ${call.port} cannot be had (${messageOf(error)}): choose another --port, or 0 for any free one`,
    )
    return exitCodes.failed
  } finally {
    await places.close()
    await scratch.remove()
  }
}

/** `pairmill feed --python`. */
export async function printPython({ stdout }: Pick<DatasetProcess, 'stdout'>): Promise<ExitCode> {
  stdout.write(await readFile(createRequire(import.meta.url).resolve(pythonFile), 'utf8'))
  return exitCodes.ok
}

const isTaken = (error: unknown) =>
  error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES')

function showing(
  server: FeedServer,
  progress: ReturnType<typeof openProgressLine>,
  clock: Clock,
): () => void {
  let [before, beforeMs] = [server.counts(), clock.now()]
  const stop = clock.every(1000, () => {
    const [counts, nowMs] = [server.counts(), clock.now()]
    progress.show(servedText(counts, before, nowMs - beforeMs))
    ;[before, beforeMs] = [counts, nowMs]
  })
  return () => {
    stop()
    progress.close()
  }
}

/** In the first dataset's folder, where that is one and can be written. Throws where no folder can be had. */
async function openPositions(
  given: string | null,
  [first]: readonly MixturePart[],
  cwd: string,
  onNote: (text: string) => void,
): Promise<Positions> {
  const isAway = first === undefined || isS3Url(first.place) || /^https?:\/\//.test(first.place)
  if (given === null && !isAway) {
    const positions = new Positions(join(placeOf(first.place, cwd), '.pairmill', 'feed'))
    try {
      await positions.open()
      return positions
    } catch (error) {
      onNote(`how far readers come is kept in ./${elsewhere}: ${messageOf(error)}`)
    }
  }
  const positions = new Positions(resolve(cwd, given ?? elsewhere))
  await positions.open()
  return positions
}

const elsewhere = '.pairmill-feed'

/** Places of the datasets, and of their splits, until they are closed. */
class OpenPlaces {
  readonly #mixture: readonly MixturePart[]
  readonly #around: { readonly cwd: string; readonly scratch: string; readonly s3: S3Settings }
  readonly #opened: FeedPlace[] = []

  constructor(
    mixture: readonly MixturePart[],
    around: { readonly cwd: string; readonly scratch: string; readonly s3: S3Settings },
  ) {
    this.#mixture = mixture
    this.#around = around
  }

  async open(split: string | null, signal: AbortSignal): Promise<ServedSource[]> {
    const sources: ServedSource[] = []
    for (const { place, weight } of this.#mixture) {
      const opened = await this.#openOne(place, split, signal)
      sources.push({ place: opened.feed, weight, keepWhere: this.#keeper(opened) })
    }
    return sources
  }

  async close(): Promise<void> {
    for (const place of this.#opened) await place.close()
  }

  async #openOne(given: string, split: string | null, signal: AbortSignal): Promise<OpenPlace> {
    const { cwd, s3 } = this.#around
    const place = /^https?:\/\//.test(given) ? given.replace(/\/+$/, '') : placeOf(given, cwd)
    const open = async (name: string) => {
      const opened = await openPlace(name, s3, signal)
      this.#opened.push(opened.feed)
      return opened
    }
    if (split !== null) return await open(`${place}/${split}`)
    const whole = await open(place)
    if ((await whole.feed.read(manifestName, signal)) !== null) return whole
    const part = await open(`${place}/${usualSplit}`)
    return (await part.feed.read(manifestName, signal)) === null ? whole : part
  }

  #keeper({ store }: OpenPlace): ServedSource['keepWhere'] {
    return async (live, catalog, where, signal) => {
      if (store === null) return 'a dataset behind a URL cannot be asked; copy it, or curate it'
      const deps = { scratch: this.#around.scratch, threads: usableCores() }
      const tables = await openTables([store], deps, signal)
      if ('message' in tables) return tables.message
      return await keepWhere(live, catalog, where, tables).finally(tables.close)
    }
  }
}
