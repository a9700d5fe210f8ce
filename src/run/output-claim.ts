import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { RunOptions } from '../options/index.js'
import { type Store, standingIn, standingProblem } from '../shard/index.js'

const claimName = '.pairmill/owner.json'
const tokenName = 'owner'

const owned = {
  v: z.literal(1),
  /** Of the state, the same at every start with it and no other's. */
  token: z.string(),
}

/** For people as well: where that state is kept. */
const ownerSchema = z.union([
  z.object({ ...owned, host: z.string(), folder: z.string() }),
  /** A run of a fleet; `backend` without its password. */
  z.object({ ...owned, run: z.string(), backend: z.string() }),
])

/** The state that a place belongs to. */
export type Owner = z.infer<typeof ownerSchema>

/** The state in a folder that this process has locked. */
export async function folderOwner(privateDir: string): Promise<Owner> {
  return { v: 1, token: await folderToken(privateDir), host: hostname(), folder: privateDir }
}

/** A run of a fleet, by its name and the moment it was made: one of the same name, made after the server lost everything, is another. */
export interface NamedRun {
  readonly run: string
  readonly createdMs: number
}

/** The state of a run in a fleet's server; `backend` without its password. */
export function runOwner(run: NamedRun, backend: string): Owner {
  return { v: 1, token: runToken(run), run: run.run, backend }
}

/**
 * Binds a place that many machines can reach to the one state that knows its parts: another run would take them for stray ones and
 * remove them. Answers why the place cannot be used; null = it is the owner's.
 */
export async function claimOutput(store: Store, owner: Owner, signal: AbortSignal): Promise<string | null> {
  if (await isOfOneProcess(store, signal)) return `${store.url} ${belongsToOneProcess}`
  // As late as can be: who heeds no claim may have begun to write there since the place was opened.
  const problem = standingProblem(store.url, await standingIn(store, signal))
  if (problem !== null) return problem
  const bytes = Buffer.from(`${JSON.stringify(owner)}\n`)
  if ((await store.putBytes(claimName, bytes, { ifAbsent: true }, signal)) === 'stored') return null
  return await foreignOwner(store, owner.token, signal)
}

/** Why a run of a fleet cannot have the place; null = as far as can be seen it can. Changes nothing. `run` null = one that is yet to be made. */
export async function ownedByOther(
  store: Store,
  run: NamedRun | null,
  signal: AbortSignal,
): Promise<string | null> {
  const other = await foreignOwner(store, run === null ? null : runToken(run), signal)
  if (other !== null) return other
  if (await isOfOneProcess(store, signal)) return `${store.url} ${belongsToOneProcess}`
  const standing = await standingIn(store, signal)
  if (run === null && standing.kind === 'own')
    return `${store.url} holds the dataset of another run: choose another --out`
  return standingProblem(store.url, standing)
}

/** Why the place cannot be used by the state with this token, null = one that is new; null = nobody else claimed it. */
export async function foreignOwner(
  store: Store,
  token: string | null,
  signal: AbortSignal,
): Promise<string | null> {
  const standing = await store.read(claimName, signal)
  if (standing === null) return null
  const found = ownerSchema.safeParse(parsed(standing))
  if (found.success && found.data.token === token) return null
  const whose = found.success ? named(found.data) : 'a run whose state is kept elsewhere'
  return `${store.url} belongs to ${whose}: go on with that --backend, or choose another --out`
}

const belongsToOneProcess =
  'belongs to a run in one process, whose state lies in its .pairmill/: go on with that without a fleet, or choose another --out'

/** A run in a folder claims nothing: its lock and its database, which lie in that folder, say whose it is. */
async function isOfOneProcess(store: Store, signal: AbortSignal): Promise<boolean> {
  for (const name of ['db', 'lock']) if ((await store.stat(`.pairmill/${name}`, signal)) !== null) return true
  return false
}

/** Binds a store to a run with these options. Answers why it cannot be used; null = it is the run's. */
export type Claim = (
  store: Store,
  run: NamedRun,
  options: Pick<RunOptions, 'backend'>,
  signal: AbortSignal,
) => Promise<string | null>

function runToken({ run, createdMs }: NamedRun): string {
  return `${run}@${createdMs}`
}

function named(owner: Owner): string {
  return 'run' in owner
    ? `the run ${owner.run} of the fleet at ${owner.backend}`
    : `a run whose state is kept in ${owner.folder} on ${owner.host}`
}

/** Token of the state in a folder: the same for every start with it. */
async function folderToken(privateDir: string): Promise<string> {
  const path = join(privateDir, tokenName)
  try {
    const token = (await readFile(path, 'utf8')).trim()
    if (token !== '') return token
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  const token = randomUUID()
  await writeFile(path, `${token}\n`)
  return token
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return null
  }
}
