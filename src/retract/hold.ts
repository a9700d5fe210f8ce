import { randomUUID } from 'node:crypto'
import { access } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { openPgliteHub, openRedisHub, type PgliteHub } from '../backend/index.js'
import { temporaryFolder } from '../disk/index.js'
import { isS3Url, messageOf } from '../records/index.js'
import {
  databaseDirOf,
  folderOwner,
  foreignOwner,
  lockFolder,
  runOwner,
  schedulerDuty,
} from '../run/index.js'
import {
  folderStore,
  openStore,
  partsPrefix,
  planStems,
  readEntries,
  readPlans,
  type S3Settings,
  type Store,
  s3Store,
  standingIn,
  stemOf,
} from '../shard/index.js'
import { fleetUnrest, folderUnrest, unrestOf } from './rest.js'

/** Where a dataset lies, and where the state of its run does. */
export interface Whereabouts {
  /** Absolute folder, or an S3 URL. */
  readonly place: string
  /** `pglite:` and the folder of the database, or a Redis; null = where a run in that folder keeps it, or nowhere. */
  readonly backend: string | null
  readonly s3: S3Settings
}

/** A dataset that nobody else writes to until it is let go. */
export interface Held {
  readonly kind: 'held'
  readonly store: Store
  /** Database of its run; null = it has none that can be opened. */
  readonly hub: PgliteHub | null
  /** Folder of what its run keeps of itself; null = there is none on this machine. */
  readonly privateDir: string | null
  /** Aborted by who began it, or where the hold is lost. */
  readonly signal: AbortSignal
  close(): Promise<void>
}

export interface Refused {
  readonly kind: 'refused'
  /** `busy`: somebody works in it, or its run is not at rest; `usage`: the call; `backend`: the fleet's server; `unusable`: no dataset that can be changed; `stopped`: by the signal. */
  readonly problem: 'busy' | 'usage' | 'unusable' | 'backend' | 'stopped'
  readonly message: string
}

type Closers = (() => Promise<void>)[]

/** Holds a dataset for a change: under the folder's lock, the claim of its owner, or the duty of the scheduler of its run, and only while that is at rest. */
export async function holdDataset(
  where: Whereabouts,
  onNote: (text: string) => void,
  signal: AbortSignal,
): Promise<Held | Refused> {
  const closers: Closers = []
  const close = async () => {
    for (const one of closers.splice(0).reverse())
      await one().catch((error: unknown) => onNote(`while closing: ${messageOf(error)}`))
  }
  try {
    const held = await hold(where, closers, onNote, signal)
    if (held.kind === 'held') return { ...held, close }
    await close()
    return held
  } catch (error) {
    await close()
    throw error
  }
}

async function hold(
  where: Whereabouts,
  closers: Closers,
  onNote: (text: string) => void,
  signal: AbortSignal,
): Promise<Omit<Held, 'close'> | Refused> {
  const { place, backend, s3 } = where
  const state = await stateDirOf(where)
  const scratchDir = await scratchFor(where, state, closers)
  const looking = await openStore(place, { s3, scratchDir, access: 'read' }, signal)
  if ('message' in looking) return refused('unusable', looking.message)
  const problem = await standingRefusal(place, looking, signal).finally(() => looking.close())
  if (problem !== null) return refused('unusable', problem)

  const lost = new AbortController()
  const held = AbortSignal.any([signal, lost.signal])
  const privateDir = state ?? (isS3Url(place) ? null : join(place, '.pairmill'))
  let hub: PgliteHub | null = null
  if (privateDir !== null) {
    const lock = await lockFolder(privateDir, onNote, signal)
    if (lock.kind === 'taken') return refused('busy', lock.message)
    if (lock.kind === 'unusable') return refused('unusable', lock.message)
    if (lock.kind === 'stopped') return refused('stopped', 'stopped')
    closers.push(() => lock.release())
    lock.onLost((error) => lost.abort(error))
    const database = databaseOf(where)
    const isFound = database !== null && (await isThere(join(database, 'PG_VERSION')))
    if (!isFound && backend?.startsWith('pglite:'))
      return refused('usage', `--backend ${backend}: there is no database of a run`)
    if (database !== null && isFound) {
      hub = await openPgliteHub(database, lock.fence)
      const opened = hub
      closers.push(() => opened.close())
      hub.onLost((error) => lost.abort(error))
    }
  }
  // Whose it is was looked at above, by another measure than for a run that begins.
  const store = isS3Url(place)
    ? await s3Store({ url: place, settings: s3, scratchDir, access: 'write' }, held)
    : folderStore(place)
  if ('message' in store) return refused('unusable', store.message)
  closers.push(() => store.close())

  const unrest = hub === null ? null : await folderRest(place, hub)
  if (unrest !== null) return refused('busy', unrest)
  const isFleet = backend !== null && /^rediss?:/.test(backend)
  const other = isFleet
    ? await holdFleet(backend, store, closers, lost, held)
    : await foreignOwner(store, await ownToken(place, privateDir), held)
  if (typeof other === 'string') return refused('unusable', withBackend(other))
  if (other !== null) return other
  const unwritten = await unwrittenIn(store, held)
  if (unwritten !== null) return refused('busy', folderUnrest(place, unwritten))
  return { kind: 'held', store, hub, privateDir, signal: held }
}

/** By which a prefix in S3 knows the run whose state lies on this machine; null = a folder needs none, or there is no such state. */
async function ownToken(place: string, privateDir: string | null): Promise<string | null> {
  return isS3Url(place) && privateDir !== null ? (await folderOwner(privateDir)).token : null
}

/** Said of a run by who begins one: here it is not another --out that helps. */
const withBackend = (message: string): string =>
  message.replace(/: go on with that --backend, or choose another --out$/, ': name that state with --backend')

function refused(problem: Refused['problem'], message: string): Refused {
  return { kind: 'refused', problem, message }
}

/** Folder of a run's own state, where it is on this machine. */
async function stateDirOf({ place, backend }: Whereabouts): Promise<string | null> {
  if (!isS3Url(place)) return join(place, '.pairmill')
  return backend?.startsWith('pglite:') ? dirname(databaseDirOf(backend)) : null
}

function databaseOf({ place, backend }: Whereabouts): string | null {
  if (backend?.startsWith('pglite:')) return databaseDirOf(backend)
  return isS3Url(place) || backend !== null ? null : join(place, '.pairmill', 'db')
}

async function scratchFor({ place }: Whereabouts, state: string | null, closers: Closers): Promise<string> {
  if (!isS3Url(place) && state !== null) return join(state, 'tmp')
  const folder = await temporaryFolder('data')
  closers.push(folder.remove)
  return folder.path
}

/** Why a place holds no dataset that can be changed; null = it does. */
async function standingRefusal(place: string, store: Store, signal: AbortSignal): Promise<string | null> {
  const { kind } = await standingIn(store, signal)
  switch (kind) {
    case 'copy':
      return `${place} is a copy without .pairmill/, whose entries say which file belongs to it: take it back from the dataset that it was copied from, and copy that anew`
    case 'free':
    case 'foreign':
    case 'crowded':
      return `${place} holds no dataset of pairmill's`
    default:
      return null
  }
}

/** Why the run of a folder is in the way; null = it is at rest. */
async function folderRest(place: string, { backend, takeOver }: PgliteHub): Promise<string | null> {
  // Whoever held a lease in this database is dead.
  await takeOver()
  for (const entry of await backend.runs()) {
    const left = unrestOf(entry, await backend.progress(entry.run))
    if (left !== null) return folderUnrest(place, left)
  }
  return null
}

const dutyMs = 10_000

/** Keeps the scheduler of a fleet's run away from its dataset; null = it is held, or the server knows no such run any more. */
async function holdFleet(
  url: string,
  store: Store,
  closers: Closers,
  lost: AbortController,
  signal: AbortSignal,
): Promise<Refused | string | null> {
  const hub = await openRedisHub(url, () => {})
  if ('message' in hub) return refused('backend', hub.message)
  closers.push(() => hub.close())
  const { backend } = hub
  for (const entry of await backend.runs()) {
    if ((await foreignOwner(store, runOwner(entry, url).token, signal)) !== null) continue
    const left = entry.ended === null ? 'not ended' : unrestOf(entry, await backend.progress(entry.run))
    if (left !== null) return refused('busy', fleetUnrest(entry.run, left))
    const duty = { duty: schedulerDuty(entry.run), token: `retract-${randomUUID()}` }
    if (!(await backend.claimDuty({ ...duty, leaseMs: dutyMs })))
      return refused('busy', fleetUnrest(entry.run, 'a scheduler that looks after it'))
    const timer = setInterval(() => {
      backend.claimDuty({ ...duty, leaseMs: dutyMs }).then(
        (isHeld) => isHeld || lost.abort(new Error(`the run ${entry.run} went on`)),
        (error: unknown) => lost.abort(error),
      )
    }, dutyMs / 4)
    closers.push(async () => {
      clearInterval(timer)
      await backend.dropDuty(duty)
    })
    return null
  }
  return await foreignOwner(store, null, signal)
}

/** What the store itself knows to be unwritten, whatever a database says: a part, or a plan of which a shard is not committed; null = nothing. */
async function unwrittenIn(store: Store, signal: AbortSignal): Promise<string | null> {
  for await (const { name } of store.list(partsPrefix, signal)) return `${name}, which is in no shard yet`
  const committed = new Set((await readEntries(store, signal)).map(stemOf))
  const open = (await readPlans(store, signal)).find((plan) =>
    planStems(plan).some((stem) => !committed.has(stem)),
  )
  return open === undefined ? null : `plan ${open.plan} to carry out`
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
