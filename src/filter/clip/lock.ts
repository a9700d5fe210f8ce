import { open, readFile, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { absent } from './file-errors.js'

/** After this silence a lock's holder is taken for dead, also where it ran on another machine. */
const staleMs = 60_000
const pollMs = 250
/** A beat is written at most this often. */
const beatEveryMs = 5_000

interface DownloadLock {
  /** Shows that the holder is alive; cheap, to be called often. */
  beat(): void
  release(): Promise<void>
}

/** Waits until no living process holds the lock file, then holds it. */
export async function takeDownloadLock(path: string, signal: AbortSignal): Promise<DownloadLock> {
  while (!(await create(path))) {
    if (await isStale(path, Date.now())) await rm(path, { force: true })
    else await sleep(pollMs, undefined, { signal })
  }
  let beatAt = Date.now()
  return {
    beat: () => {
      const now = Date.now()
      if (now - beatAt < beatEveryMs) return
      beatAt = now
      void utimes(path, now / 1000, now / 1000).catch(absent)
    },
    release: () => rm(path, { force: true }),
  }
}

async function create(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx')
    await file.writeFile(`${hostname()} ${process.pid}\n`)
    await file.close()
    return true
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false
    throw cause
  }
}

async function isStale(path: string, now: number): Promise<boolean> {
  const found = await stat(path).catch(absent)
  if (found === null) return false
  if (now - found.mtimeMs > staleMs) return true
  const [host, pid] = ((await readFile(path, 'utf8').catch(absent)) ?? '').trim().split(' ')
  return host === hostname() && pid !== undefined && !isAlive(Number(pid))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    // EPERM: it lives, under another user.
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM'
  }
}
