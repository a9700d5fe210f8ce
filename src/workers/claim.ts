import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { Store } from '../shard/index.js'

const claimName = '.pairmill/owner.json'
const tokenName = 'owner'

const claimSchema = z.object({
  v: z.literal(1),
  /** Random; a copy of it lies beside the state of the run. */
  token: z.string(),
  /** For people: where that state is kept. */
  host: z.string(),
  folder: z.string(),
})

/**
 * Binds a place that many machines can reach to the one state that knows its parts: another run would take them for stray ones and
 * remove them. Answers why the place cannot be used; null = it is this state's. `privateDir` is locked by this process.
 */
export async function claimPlace(
  store: Store,
  privateDir: string,
  signal: AbortSignal,
): Promise<string | null> {
  const token = await tokenOf(privateDir)
  const claim = { v: 1, token, host: hostname(), folder: privateDir }
  const bytes = Buffer.from(`${JSON.stringify(claim)}\n`)
  if ((await store.putBytes(claimName, bytes, { ifAbsent: true }, signal)) === 'stored') return null
  const standing = await store.read(claimName, signal)
  const owner = claimSchema.safeParse(standing === null ? null : parsed(standing))
  if (owner.success && owner.data.token === token) return null
  const where = owner.success ? `in ${owner.data.folder} on ${owner.data.host}` : 'elsewhere'
  return `${store.url} belongs to a run whose state is kept ${where}: go on with that --backend, or choose another --out`
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
