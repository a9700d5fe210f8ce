import { access, readdir, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Source } from '../crawl/index.js'
import type { RunOptions } from '../options/index.js'
import { isS3Url, messageOf } from '../records/index.js'
import { folderStore, isDatasetName, standingIn, standingProblem } from '../shard/index.js'
import { foreignOwner } from './output-claim.js'

/** Where a run in this process keeps what is its own: its lock, status, database, and files under construction. */
export function privateDirOf({ out, backend }: Pick<RunOptions, 'out' | 'backend'>): string {
  return isS3Url(out) ? dirname(databaseDirOf(backend)) : join(out, '.pairmill')
}

export const databaseDirOf = (backend: string): string => backend.replace(/^pglite:/, '')

/**
 * Why a run in this process cannot begin, or go on, where its options say; nothing is made there. A prefix in S3 is looked at where it is
 * opened. `isFree`: the dataset has no file yet.
 */
export async function lookAtPlace(
  options: Pick<RunOptions, 'out' | 'backend' | 'sources'>,
  signal: AbortSignal,
): Promise<{ readonly isFree: boolean } | { readonly message: string }> {
  const { out, backend, sources } = options
  let isFree = false
  if (!isS3Url(out)) {
    const store = folderStore(out)
    try {
      const standing = await standingIn(store, signal)
      const problem = standingProblem(`--out ${out}`, standing) ?? (await foreignOwner(store, null, signal))
      if (problem !== null) return { message: problem }
      isFree = standing.kind === 'free'
    } catch (error) {
      signal.throwIfAborted()
      return { message: `--out ${out} cannot be looked into: ${messageOf(error)}` }
    }
  }
  const problem =
    (await sourcesProblem(out, privateDirOf(options), sources)) ??
    (await databaseProblem(databaseDirOf(backend), privateDirOf(options)))
  return problem === null ? { isFree } : { message: problem }
}

/** Why sources cannot be read beside what is written; null = they can. `privateDir` null = there is none on this machine. */
export async function sourcesProblem(
  out: string,
  privateDir: string | null,
  sources: readonly Source[],
): Promise<string | null> {
  const place = await realPath(out)
  const state = privateDir === null ? null : await realPath(privateDir)
  for (const source of sources) {
    const given = source.kind === 'list' ? source.path : source.place
    const path = await realPath(given)
    if (!isReplaced(path, place) && (state === null || nameIn(state, path) === null)) continue
    return `${given} lies where the dataset is written, and would be replaced: choose another --out`
  }
  return null
}

/** Whether a dataset in `out`, or its run, has a file of this path. Both are folders' and files' true paths, or S3 URLs. Pure. */
export function isReplaced(path: string, out: string): boolean {
  const name = nameIn(out, path)
  return name !== null && (name === '.pairmill' || isDatasetName(name))
}

/** The name that leads from a folder to what lies in it; null = it lies elsewhere. */
function nameIn(folder: string, path: string): string | null {
  const above = folder.endsWith('/') ? folder : `${folder}/`
  return path.startsWith(above) ? (path.slice(above.length).split('/')[0] ?? null) : null
}

/** Without links. What is not there, and what is no path, is itself. */
async function realPath(path: string): Promise<string> {
  return path.startsWith('/') ? await realpath(path).catch(() => path) : path
}

/** PostgreSQL would lay its files among those of a stranger. */
async function databaseProblem(dir: string, privateDir: string): Promise<string | null> {
  if (dirname(dir) === privateDir) return null
  let names: readonly string[]
  try {
    names = await readdir(dir)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    return `--backend pglite:${dir} cannot be looked into: ${messageOf(error)}`
  }
  if (names.length === 0 || names.includes('PG_VERSION')) return null
  // One that was begun and not finished is begun anew.
  const isBegun = await access(`${dir}.unfinished`).then(
    () => true,
    () => false,
  )
  return isBegun
    ? null
    : `--backend pglite:${dir} is no database of pairmill's, and holds other files (${names.length}): choose a folder that is empty or not there yet`
}
