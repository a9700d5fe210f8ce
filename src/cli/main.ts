#!/usr/bin/env node
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { readEnvironment } from './environment.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { openOutput } from './output.js'
import { type Commands, runProgram } from './program.js'

const stdout = openOutput(process.stdout)
const stderr = openOutput(process.stderr)
const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

const commands: Commands = {
  async run(call) {
    const read = readEnvironment(process.env, homedir())
    if ('problem' in read) {
      stderr.write(`pairmill: ${read.problem}\n`)
      return exitCodes.usage
    }
    const [{ runCommand }, { processInput, systemClock }] = await Promise.all([
      import('./run.js'),
      import('./process.js'),
    ])
    return runCommand(call, {
      input: processInput(version),
      // Loaded last: a wrong call is answered without it.
      pipeline: async (...run) => (await import('../workers/index.js')).runPipeline(...run),
      ...read.surroundings,
      stdout,
      stderr,
      clock: systemClock,
      signalSource: process,
      exit: (code) => process.exit(code),
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
