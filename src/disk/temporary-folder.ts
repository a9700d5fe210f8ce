import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface TemporaryFolder {
  readonly path: string
  /** Takes it away with all that it holds; idempotent. */
  remove(): Promise<void>
}

/** `browser`: the home of a browser. `data`: copies of what lies in a bucket, and what is too large for memory. */
type TemporaryKind = 'browser' | 'data'

/** Age of a folder that may be another's all the same: in a container processes have other numbers. */
const strayAgeMs = 3_600_000

/**
 * Makes a folder of this process where the system has those for a while (TMPDIR), named `pairmill-KIND-PID-...`, and takes away what processes
 * that were killed left there: nothing else does before the machine is started anew, and copies of shards are large.
 *
 * @throws NodeJS.ErrnoException where none can be made; its message names the path.
 */
export async function temporaryFolder(kind: TemporaryKind, nowMs = Date.now()): Promise<TemporaryFolder> {
  const base = tmpdir()
  await removeStrays(base, nowMs)
  const path = await mkdtemp(join(base, `pairmill-${kind}-${process.pid}-`))
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) }
}

async function removeStrays(base: string, nowMs: number): Promise<void> {
  // A folder for all may be one that nobody may list. What else is wrong with it, the making of a folder there tells.
  const names = await readdir(base).catch(() => [])
  for (const name of names) {
    const pid = /^pairmill-(?:browser|data)-(\d+)-/.exec(name)?.[1]
    if (pid === undefined || !isGone(Number(pid))) continue
    try {
      const path = join(base, name)
      if (nowMs - (await stat(path)).mtimeMs >= strayAgeMs) await rm(path, { recursive: true, force: true })
    } catch {
      // Gone meanwhile; or another user's, and not ours to remove.
    }
  }
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    // Another user's process is there, and not ours to ask.
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
}
