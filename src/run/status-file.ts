import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../records/index.js'
import { isFolderHeld, statusName } from './folder-lock.js'
import { heardOf } from './published-status.js'
import type { ReadStatus, RunSnapshot } from './run-types.js'
import { parseSnapshot } from './snapshot.js'

/** Writes the snapshot beside the database, by rename: a reader sees the old one or the new one. */
export async function writeStatus(privateDir: string, snapshot: RunSnapshot): Promise<void> {
  const draft = join(privateDir, `${statusName}.new`)
  await writeFile(draft, `${JSON.stringify(snapshot, null, 1)}\n`)
  await rename(draft, join(privateDir, statusName))
}

/** The state of the run in a folder, whether it goes on or not: the database is never opened for it. */
export const readStatus: ReadStatus = async (out, onNote) => {
  const told = await readSnapshot(out)
  if (!goesOn(told) || (await isFolderHeld(join(out, '.pairmill'), onNote))) return told
  // It may have ended meanwhile, and said so; a run that was killed could not.
  const last = await readSnapshot(out)
  return goesOn(last) ? { ...last, state: 'stopped' } : last
}

/** Whether a process of its own worked on the run when this was written. */
const goesOn = (told: RunSnapshot | { readonly problem: string }): told is RunSnapshot =>
  !('problem' in told) && told.pid !== null && ['starting', 'running', 'draining'].includes(told.state)

async function readSnapshot(out: string): Promise<RunSnapshot | { readonly problem: string }> {
  const privateDir = join(out, '.pairmill')
  let text: string
  try {
    text = await readFile(join(privateDir, statusName), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return { problem: `${out} holds no run: there is no ${join(privateDir, statusName)}` }
    }
    return {
      problem: `the status of ${out} cannot be read: ${messageOf(error)}`,
    }
  }
  const snapshot = parseSnapshot(text, join(privateDir, statusName), out)
  if ('problem' in snapshot) return snapshot
  return snapshot.pid === null ? heardOf(snapshot, Date.now()) : snapshot
}
