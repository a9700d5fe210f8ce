import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Backend, Hub } from '../backend/index.js'
import type { Source, SourceProblem, SourceSkip } from '../crawl/index.js'
import type { RunOptions } from '../options/index.js'
import { messageOf } from '../records/index.js'
import { sleep, steadyClock } from '../timing/index.js'
import { batchShape, nothingRejected, type Rejects, textOptions } from '../workers/index.js'
import { checkSources, type IngestEnd, ingest, openSources } from './ingest.js'
import { openNet } from './resources.js'
import type { Environment, RunSignals } from './run-types.js'
import { readersOf } from './source-readers.js'

interface ReadSources {
  readonly run: string
  /** Of the run. */
  readonly options: RunOptions
  /** Those that this process reads. */
  readonly sources: readonly Source[]
  /** Where the dataset is at hand; absent = what was taken back from it is left to the workers. */
  readonly rejects?: Rejects
}

interface ReadSourcesHooks {
  readonly onSkipped: (skipped: readonly SourceSkip[]) => void | Promise<void>
  /** Every few seconds. */
  readonly onProgress: (counters: Readonly<Record<string, number>>, waiting: number) => void
  /** Told which part of all sources was read, 0..1, as if each were as long as the others; null = not known. Absent = nobody wants to know. */
  readonly onShare?: (share: number | null) => void
}

const beatMs = 2_000
const ttlMs = 15_000
const progressMs = 5_000
const lookMs = 5_000

/** Why the sources cannot be read; null = they can. `isNew`: the fleet does not know the run yet. */
export async function checkRunSources(
  { backend }: Pick<Hub, 'backend'>,
  { run, options, sources }: ReadSources,
  environment: Pick<Environment, 's3'>,
  isNew: boolean,
): Promise<SourceProblem | null> {
  const net = openNet(options)
  try {
    const readers = readersOf({ ...options, sources }, environment, net)
    return await checkSources(backend, run, isNew, readers, new AbortController().signal)
  } finally {
    await net.close()
  }
}

/**
 * Reads sources for a run of a fleet, in this process, whose workers judge what they give. Rejects with a SourceError where one of them
 * cannot be read any further now.
 */
export async function readSources(
  fleet: Pick<Hub, 'backend' | 'queue' | 'server'>,
  { run, options, sources, rejects = nothingRejected }: ReadSources,
  environment: Pick<Environment, 's3'>,
  hooks: ReadSourcesHooks,
  signals: RunSignals,
): Promise<IngestEnd> {
  const { backend, queue, server } = fleet
  const over = new AbortController()
  const stop = AbortSignal.any([signals.drain, signals.abort])
  const beating = AbortSignal.any([stop, over.signal])
  const net = openNet(options)
  const worker = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`
  const startedAtMs = Date.now()
  const body = { v: 1, host: hostname(), pid: process.pid, startedAtMs, places: {}, active: 1, reads: run }
  /** What goes wrong with telling is told again; what goes wrong with the backend for good, the feed meets too. */
  const every = async (ms: number, act: () => Promise<unknown>): Promise<void> => {
    while (!beating.aborted) {
      await act().catch(() => {})
      await sleep(ms, beating)
    }
  }
  const telling = [
    every(lookMs, () => server.look()),
    every(beatMs, () => backend.beat({ worker, ttlMs, body })),
    every(progressMs, async () => {
      const [counters, { backlog }] = await Promise.all([backend.counters(run), backend.progress(run)])
      hooks.onProgress(counters, backlog)
    }),
  ]
  try {
    const opened = await openSources(backend, run, readersOf({ ...options, sources }, environment, net))
    const unread = new Map<string, number | null>(opened.map(({ state }) => [state.source, 1]))
    const onShare = (source: string, share: number | null) => {
      unread.set(source, share === null ? null : 1 - share)
      const left = [...unread.values()].reduce(
        (sum, part) => (sum === null || part === null ? null : sum + part),
        0,
      )
      hooks.onShare?.(left === null ? null : 1 - left / sources.length)
    }
    return await ingest(
      {
        run,
        backend: { ...backend, commitSource: (commit) => committedSource(fleet, commit, stop) },
        queue,
        batch: batchShape(options),
        texts: textOptions(options),
        rejects,
        onSkipped: async (skipped) => hooks.onSkipped(skipped),
        onShare,
        now: steadyClock(),
      },
      opened,
      stop,
    )
  } finally {
    over.abort()
    await Promise.all(telling)
    // The server may be what was lost; then it is forgotten by itself.
    await Promise.allSettled([backend.removeWorker(worker)])
    await net.close()
  }
}

/** A full server refuses candidates, and writes nothing of the commit: it is sent again when there is room. */
async function committedSource(
  { backend, server }: Pick<Hub, 'backend' | 'server'>,
  commit: Parameters<Backend['commitSource']>[0],
  stop: AbortSignal,
): ReturnType<Backend['commitSource']> {
  for (;;) {
    try {
      return await backend.commitSource(commit)
    } catch (error) {
      if (server.met(messageOf(error)) === null) throw error
      while (!server.takesWork) {
        await sleep(lookMs, stop)
        stop.throwIfAborted()
      }
    }
  }
}
