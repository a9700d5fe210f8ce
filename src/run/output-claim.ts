import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
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

/** `claimFor` the state in a folder, which is locked by this process. */
export async function claimPlace(
  store: Store,
  privateDir: string,
  signal: AbortSignal,
): Promise<string | null> {
  const token = await tokenOf(privateDir)
  return await claimFor(store, { v: 1, token, host: hostname(), folder: privateDir }, signal)
}

/**
 * Binds a place that many machines can reach to the one state that knows its parts: another run would take them for stray ones and
 * remove them. Answers why the place cannot be used; null = it is the owner's.
 */
export async function claimFor(store: Store, owner: Owner, signal: AbortSignal): Promise<string | null> {
  // As late as can be: who heeds no claim may have begun to write there since the place was opened.
  const problem = standingProblem(store.url, await standingIn(store, signal))
  if (problem !== null) return problem
  const bytes = Buffer.from(`${JSON.stringify(owner)}\n`)
  if ((await store.putBytes(claimName, bytes, { ifAbsent: true }, signal)) === 'stored') return null
  return await foreignOwner(store, owner.token, signal)
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

function named(owner: Owner): string {
  return 'run' in owner
    ? `the run ${owner.run} of the fleet at ${owner.backend}`
    : `a run whose state is kept in ${owner.folder} on ${owner.host}`
}

/** The same for every start with this state. */
async function tokenOf(privateDir: string): Promise<string> {
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
