import { createReadStream, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Clock } from './display.js'
import type { InputDeps } from './run-input.js'

/** Files, standard input and working folder of this process. */
export function processInput(version: string): InputDeps {
  const cwd = process.cwd()
  return {
    cwd,
    userAgent: defaultUserAgent(version),
    isFolder,
    readFile: (name) => readFile(resolve(cwd, name), 'utf8'),
    readChunks: (name) => createReadStream(resolve(cwd, name), { highWaterMark: 1 << 20 }),
    readStdin: () => text(process.stdin),
  }
}

/** Names the program and no page about it; who runs it says `--contact`. Patch releases do not change it, so that a run can be resumed with them. */
export function defaultUserAgent(version: string): string {
  return `pairmill/${version.split('.').slice(0, 2).join('.')}`
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: Date.now,
  every(intervalMs, action) {
    const timer = setInterval(action, intervalMs)
    timer.unref()
    return () => clearInterval(timer)
  },
}
