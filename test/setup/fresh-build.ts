import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')

/**
 * Before tests that start the built program or a thread of it: fails where the build is older than what it is made of, since they would
 * test what was there before the last change.
 */
export function setup(): void {
  const source = newest(join(root, 'src'))
  const built = newest(join(root, 'dist'))
  if (built !== null && (source === null || source.timeMs <= built.timeMs)) return
  const why = built === null ? 'nothing is built' : `${source?.path} is newer than the build`
  throw new Error(`${why}: run "npm run build" first`)
}

/** The file that was changed last; null = there is no file. */
function newest(folder: string): { path: string; timeMs: number } | null {
  let last: { path: string; timeMs: number } | null = null
  for (const entry of entriesOf(folder)) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const timeMs = statSync(path).mtimeMs
    if (last === null || timeMs > last.timeMs) last = { path, timeMs }
  }
  return last
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
