import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A path in the folder of test data beside the repository. */
export function sharedPath(path: string): string {
  return fileURLToPath(new URL(`../../../../shared/${path}`, import.meta.url))
}

/** For a test's title: why it is skipped, or nothing. */
export function unlessMissing(path: string): { missing: boolean; note: string } {
  const missing = !existsSync(sharedPath(path))
  return { missing, note: missing ? ` (skipped: ../shared/${path} is not there)` : '' }
}
