#!/usr/bin/env node
import { createRequire } from 'node:module'
import { availableParallelism, homedir } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readEnvironment } from './environment.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { openOutput } from './output.js'
import { type Commands, runProgram } from './program.js'
import type { RunDeps } from './run.js'

const stdout = openOutput(process.stdout)
const stderr = openOutput(process.stderr)
const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

/** What a run needs of this process; null = the environment cannot be used, which was said. */
async function runDeps(): Promise<RunDeps | null> {
  const read = readEnvironment(process.env, homedir())
  if ('problem' in read) {
    stderr.write(`pairmill: ${read.problem}\n`)
    return null
  }
  const { processInput, systemClock } = await import('./process.js')
  return {
    input: processInput(version),
    // Loaded last: a wrong call is answered without it.
    pipeline: async (...run) => (await import('../workers/index.js')).runPipeline(...run),
    ...read.surroundings,
    stdout,
    stderr,
    clock: systemClock,
    signalSource: process,
    exit: (code) => process.exit(code),
  }
}

const commands: Commands = {
  async run(call) {
    const deps = await runDeps()
    if (deps === null) return exitCodes.usage
    return (await import('./run.js')).runCommand(call, deps)
  },
  async demo(call) {
    const deps = await runDeps()
    if (deps === null) return exitCodes.usage
    const [{ demoCommand }, { defaultDemoOptions, startDemoProcess }, { folderStore, readRows }] =
      await Promise.all([import('./demo.js'), import('../demo/index.js'), import('../shard/index.js')])
    return demoCommand(call, {
      ...deps,
      boxedModelDir: fileURLToPath(new URL('../../models/demo-drawings', import.meta.url)),
      isFolder: deps.input.isFolder,
      startWeb: (port, signal) => startDemoProcess({ ...defaultDemoOptions, port }, signal),
      readRows: (dir) => readRows(folderStore(dir), new AbortController().signal),
      verify: (dir) => commands.verify(dir, false),
    })
  },
  async verify(dir, json) {
    const [{ verifyCommand }, { folderStore, verifyDataset }, { isFolder, systemClock }] = await Promise.all([
      import('./verify.js'),
      import('../shard/index.js'),
      import('./process.js'),
    ])
    const folder = resolve(dir)
    // It only reads: a signal may end it as it ends any process.
    const signal = new AbortController().signal
    return verifyCommand(folder, json, {
      verify: (onProgress) => verifyDataset(folderStore(folder), onProgress, signal),
      isFolder,
      stdout,
      stderr,
      clock: systemClock,
    })
  },
  async status(dir, json) {
    const [{ statusCommand }, { readStatus }] = await Promise.all([
      import('./status.js'),
      import('../workers/index.js'),
    ])
    return statusCommand(resolve(dir), json, { readStatus, stdout, stderr, now: Date.now })
  },
  async classify(call) {
    const read = readEnvironment(process.env, homedir())
    if ('problem' in read) {
      stderr.write(`pairmill: ${read.problem}\n`)
      return exitCodes.usage
    }
    const [{ classifyCommand }, { modelOf }, { isFolder, systemClock }, { loadModel, prepareImageLibrary }] =
      await Promise.all([
        import('./classify.js'),
        import('./run-options.js'),
        import('./process.js'),
        import('../filter/index.js'),
      ])
    prepareImageLibrary()
    const { environment } = read.surroundings
    const threads = availableParallelism()
    const cwd = process.cwd()
    // It writes nothing but what it prints: a signal may end it as it ends any process.
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
    stderr.write(`pairmill: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return exitCodes.failed
  }
}

// The code is the answer; a connection or thread that still lingers must not hold it back.
process.exit(await main())
