import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder, and those that it lies in where they are missing, a level at a time. Node's own way (`recursive: true`) never ends where a
 * file system answers ENOENT although the parent is there, as /proc does: it goes back to the parent for ever, and holds its thread meanwhile.
 *
 * @throws NodeJS.ErrnoException where no folder can be made, or something else has the name; its message names the path.
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = []
  for (const folder of upwards(resolve(path))) {
    if (await isFolder(folder)) break
    missing.push(folder)
  }
  for (const folder of missing.reverse()) {
    try {
      await mkdir(folder)
    } catch (error) {
      // Another process may have made it meanwhile.
      if (codeOf(error) !== 'EEXIST' || !(await isFolder(folder))) throw error
    }
  }
}

/** A path and all that it lies in, the root last. */
function upwards(path: string): string[] {
  const line = [path]
  for (let at = path; dirname(at) !== at; at = dirname(at)) line.push(dirname(at))
  return line
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
