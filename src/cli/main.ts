#!/usr/bin/env -S MALLOC_ARENA_MAX=2 node
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { modelOf } from '../options/index.js'
import { isS3Url } from '../records/index.js'
import { type DatasetProcess, datasetCommands, reading } from './dataset-commands.js'
import { readEnvironment, type Surroundings } from './environment.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { traceOf } from './figures.js'
import { openOutput, say } from './output.js'
import { type Commands, runProgram } from './program.js'
import type { RunDeps } from './run.js'

/**
 * Bytes of bytecode that a function has executed before V8 compiles it anew to be quicker, in every thread. By the 67,584 of Node 20 a run of 400 pages
 * spends 1.6 s of its 15 s of CPU on that, for functions that are done with soon after. By five times as many as here a run of 3,000 pages takes 4 % more.
 */
const interruptBudgetBytes = 200_000
setFlagsFromString(`--interrupt-budget=${interruptBudgetBytes}`)

/**
 * By how much, in hundredths, the objects of a run may outgrow those that lived through the last collection. Pictures and parts in transit, freed when
 * nobody looks, would otherwise lie there until they are three times as many: 560 MB of memory at 2,000 pages in place of 480.
 */
const heapGrowth = 50

// Which versions of Node work is decided by this program's own `engines` and lock, not by its user.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'

const stdout = openOutput(process.stdout)
const stderr = openOutput(process.stderr)
const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

/** null = the environment cannot be used, which was said. */
function readSurroundings(): Surroundings | null {
  const read = readEnvironment(process.env, homedir())
  if (!('problem' in read)) return read.surroundings
  say(stderr, read.problem)
  return null
}

/** Dependencies of a run on this process; null = the environment cannot be used, which was said. */
async function runDeps(): Promise<(RunDeps & Surroundings) | null> {
  const surroundings = readSurroundings()
  if (surroundings === null) return null
  const { processInput, systemClock } = await import('./process.js')
  return {
    input: processInput(version),
    // Loaded last: a wrong call is answered without it.
    pipeline: async (...run) => {
      setFlagsFromString(`--heap-growing-percent=${heapGrowth}`)
      const { startPglite } = await import('../backend/index.js')
      // Its thread loads the engine beside all that the run is made of.
      const database = startPglite()
      return (await import('../run/index.js')).runPipeline(...run, database)
    },
    ...surroundings,
    stdout,
    stderr,
    clock: systemClock,
    signalSource: process,
    exit: (code) => process.exit(code),
  }
}

/** For what only reads: a signal ends it, and it takes away what it copied. `code`: what the process then answers; null = no signal came. */
function stopBySignal(): { readonly signal: AbortSignal; readonly code: ExitCode | null } {
  const controller = new AbortController()
  const stop = { signal: controller.signal, code: null as ExitCode | null }
  const listen = (name: 'SIGINT' | 'SIGTERM', code: ExitCode) =>
    process.once(name, () => {
      stop.code = code
      controller.abort(new Error(name))
    })
  listen('SIGINT', exitCodes.interrupted)
  listen('SIGTERM', exitCodes.terminated)
  return stop
}

/** This process, for commands that work on a dataset. */
const here: DatasetProcess = { cwd: process.cwd(), stdout, stderr, readSurroundings, stopBySignal }

const commands: Commands = {
  ...datasetCommands(here),
  async run(call) {
    const deps = await runDeps()
    if (deps === null) return exitCodes.usage
    return (await import('./run.js')).runCommand(call, deps)
  },
  async images(call) {
    const deps = await runDeps()
    if (deps === null) return exitCodes.usage
    return (await import('./images.js')).imagesCommand(call, deps)
  },
  async warc(call) {
    const deps = await runDeps()
    if (deps === null) return exitCodes.usage
    return (await import('./warc.js')).warcCommand(call, deps)
  },
  async demo(call) {
    const deps = await runDeps()
    if (deps === null) return exitCodes.usage
    const [
      { demoCommand },
      { defaultDemoOptions, demoProblem, startDemoProcess },
      { folderStore, readRows },
    ] = await Promise.all([import('./demo.js'), import('../demo/index.js'), import('../shard/index.js')])
    return demoCommand(call, {
      ...deps,
      problem: demoProblem,
      boxedModelDir: fileURLToPath(new URL('../../models/demo-drawings', import.meta.url)),
      isFolder: deps.input.isFolder,
      startWeb: (port, signal) => startDemoProcess({ ...defaultDemoOptions, port }, signal),
      readRows: (dir) => readRows(folderStore(dir), new AbortController().signal),
      verify: commands.verify,
      report: async ({ out, progress }) =>
        (await (await import('../query/index.js')).hasDuckdb())
          ? commands.report({ dir: out, out: null, progress })
          : exitCodes.ok,
    })
  },
  verify: (call) =>
    reading(here, call.dir, async ({ dir, opened, signal, surroundings, isPlace }) => {
      const [{ verifyCommand }, { verifyDataset }, { systemClock }] = await Promise.all([
        import('./verify.js'),
        import('../shard/index.js'),
        import('./process.js'),
      ])
      return await verifyCommand(
        { ...call, dir },
        {
          verify: (onProgress) => verifyDataset(opened.store, onProgress, signal),
          ...surroundings,
          isFolder: isPlace,
          stdout,
          stderr,
          clock: systemClock,
        },
      )
    }),
  async curate(call) {
    const surroundings = readSurroundings()
    if (surroundings === null) return exitCodes.usage
    const [{ curateHere }, { processInput, systemClock }] = await Promise.all([
      import('./curate-places.js'),
      import('./process.js'),
    ])
    const stop = stopBySignal()
    const deps = { ...surroundings, input: processInput(version), stdout, stderr, clock: systemClock }
    try {
      return await curateHere(call, deps, stop.signal)
    } catch (error) {
      if (stop.code !== null) return stop.code
      throw error
    }
  },
  async status(call) {
    const surroundings = readSurroundings()
    if (surroundings === null) return exitCodes.usage
    const [
      { statusCommand },
      { openRedisHub },
      { readPublishedStatus, readStatus },
      { isFolder },
      { openPlace },
    ] = await Promise.all([
      import('./status.js'),
      import('../backend/index.js'),
      import('../run/index.js'),
      import('./process.js'),
      import('./place.js'),
    ])
    return statusCommand(call, {
      cwd: process.cwd(),
      isFolder,
      readStatus: async (place, onNote) => {
        if (!isS3Url(place)) return readStatus(place, onNote)
        const signal = new AbortController().signal
        const opened = await openPlace(place, surroundings.environment.s3, signal)
        if ('message' in opened) return { problem: opened.message }
        try {
          return await readPublishedStatus(opened.store, Date.now(), signal)
        } finally {
          await opened.close()
        }
      },
      fleetUrl: surroundings.fleetUrl,
      openRedisHub: (url) => openRedisHub(url, () => {}),
      stdout,
      stderr,
      now: Date.now,
      // The command only reads: a signal may end it as it ends any process.
      pause: (ms) => setTimeout(ms),
    })
  },
  permissions: (call) =>
    reading(here, call.place, async ({ dir, opened, signal, isPlace }) => {
      const [{ permissionsCommand }, { readDecisions, readPages }] = await Promise.all([
        import('./permissions.js'),
        import('../shard/index.js'),
      ])
      return await permissionsCommand(
        { ...call, place: dir },
        {
          isPlace,
          pages: () => readPages(opened.store, signal),
          decisions: () => readDecisions(opened.store, signal),
          stdout,
          stderr,
        },
      )
    }),
  async feed(call) {
    return (await import('./feed-process.js')).feedHere(call, here)
  },
  async feedServe(call) {
    return (await import('./feed-serve.js')).serveHere(call, here)
  },
  async feedPython() {
    return (await import('./feed-serve.js')).printPython(here)
  },
  async retract(call) {
    return (await import('./retract-process.js')).retractHere(call, here)
  },
  async explore(call) {
    return (await import('./explore.js')).exploreHere(call, here)
  },
  async inspect(call) {
    const [{ inspectCommand }, { inspectPage }, { openNet }, { processInput }, filter] = await Promise.all([
      import('./inspect.js'),
      import('../workers/index.js'),
      import('../run/index.js'),
      import('./process.js'),
      import('../filter/index.js'),
    ])
    const developing = filter.createDevelopThreads({ atOnce: 2 })
    const stop = stopBySignal()
    try {
      return await inspectCommand(
        call,
        {
          input: processInput(version),
          inspect: async (options, target, signal) => {
            const net = openNet(options)
            const deps = { ...net, develop: developing.develop, now: Date.now, random: Math.random }
            return inspectPage(deps, options, target, signal).finally(net.close)
          },
          stdout,
          stderr,
        },
        stop.signal,
      )
    } catch (error) {
      if (stop.code !== null) return stop.code
      throw error
    } finally {
      await developing.close()
    }
  },
  async crawl(call) {
    const deps = await runDeps()
    if (deps === null) return exitCodes.usage
    return (await import('./crawl.js')).crawlCommand(call, deps)
  },
  async work(call) {
    const deps = await runDeps()
    if (deps === null) return exitCodes.usage
    const [{ workCommand }, { usableCores }] = await Promise.all([
      import('./work.js'),
      import('../run/index.js'),
    ])
    return workCommand(call, { ...deps, cores: usableCores() })
  },
  async order(call) {
    const deps = await runDeps()
    if (deps === null) return exitCodes.usage
    return (await import('./order.js')).orderCommand(call, deps)
  },
  async forget(call) {
    const surroundings = readSurroundings()
    if (surroundings === null) return exitCodes.usage
    const [{ forgetCommand }, { systemClock }] = await Promise.all([
      import('./forget.js'),
      import('./process.js'),
    ])
    return forgetCommand(call, { fleetUrl: surroundings.fleetUrl, stdout, stderr, clock: systemClock })
  },
  async classify(call) {
    const surroundings = readSurroundings()
    if (surroundings === null) return exitCodes.usage
    const [{ classifyCommand }, { isFolder, systemClock }, { loadModel }, { usableCores }] =
      await Promise.all([
        import('./classify.js'),
        import('./process.js'),
        import('../filter/index.js'),
        import('../run/index.js'),
      ])
    const { environment } = surroundings
    const threads = usableCores()
    const cwd = process.cwd()
    // The command writes nothing but what it prints: a signal may end it as it ends any process.
    const signal = new AbortController().signal
    return classifyCommand(
      { ...call, model: modelOf(call.model, { cwd, isFolder }) },
      {
        cwd,
        openModel: (name, onProgress, signal) =>
          loadModel(environment, name, { threads }, onProgress, signal),
        stdout,
        stderr,
        clock: systemClock,
      },
      signal,
    )
  },
}

async function main(): Promise<ExitCode> {
  try {
    return await runProgram(process.argv.slice(2), { commands, version, stdout, stderr })
  } catch (error) {
    say(stderr, String(error))
    stderr.write(traceOf(error))
    return exitCodes.failed
  }
}

// The code is the answer; a connection or thread that still lingers must not hold it back.
const code = await main()
// What waits in memory for a slow reader would be lost.
for (const output of [stdout, stderr]) await output.drained()
process.exit(code)
