import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { z } from 'zod'
import type { LockOwner } from './fence/index.js'

/** Of strings that are compared and shown to people: nothing that a terminal would obey. */
const word = z.string().regex(/^[\x21-\x7e]{1,255}$/)

export const ownerSchema = z.object({
  pid: z.int().positive(),
  startedTicks: word.nullable(),
  since: z.iso.datetime(),
  host: word.nullable().default(null),
  bootId: word.nullable().default(null),
  pidNamespace: word.nullable().default(null),
})

/** This process, as a lock names it. */
export function ownIdentity(): Omit<LockOwner, 'since'> {
  return {
    pid: process.pid,
    startedTicks: startedTicks('self'),
    host: hostname().replace(/[^\x21-\x7e]/g, '?') || null,
    bootId: read('/proc/sys/kernel/random/boot_id'),
    pidNamespace: pidNamespace(),
  }
}

/** `unknown`: pids here say nothing of it. */
type Life = 'alive' | 'dead' | 'unknown'

/** Whether an owner lives, as far as that can be told at once, by one who is `here`. */
export function lifeOf(owner: LockOwner, here: Omit<LockOwner, 'since'>): Life {
  const isNeighbour =
    here.bootId !== null &&
    here.pidNamespace !== null &&
    owner.bootId === here.bootId &&
    owner.pidNamespace === here.pidNamespace &&
    owner.host === here.host
  if (isNeighbour) return isRunning(owner) ? 'alive' : 'dead'
  const isEarly = owner.host === null && owner.startedTicks !== null
  return isEarly && startedTicks(owner.pid) === owner.startedTicks ? 'alive' : 'unknown'
}

/** For people. `here` leaves out what goes without saying. */
export function nameOf(owner: LockOwner, here: Omit<LockOwner, 'since'>): string {
  if (owner.host === null) return `process ${owner.pid}`
  if (owner.host !== here.host) return `process ${owner.pid} on ${owner.host}`
  if (owner.bootId !== here.bootId) return `process ${owner.pid} on ${owner.host} (another boot or machine)`
  return owner.pidNamespace === here.pidNamespace
    ? `process ${owner.pid}`
    : `process ${owner.pid} on ${owner.host} (in another PID namespace)`
}

function isRunning(owner: LockOwner): boolean {
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    // EPERM: it lives and is another user's.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  const ticks = startedTicks(owner.pid)
  return ticks === null || owner.startedTicks === null || ticks === owner.startedTicks
}

/** null = not known, or /proc is that of another namespace, whose pids are not those that this process sees. */
function pidNamespace(): string | null {
  try {
    return readlinkSync('/proc/self') === String(process.pid) ? readlinkSync('/proc/self/ns/pid') : null
  } catch {
    // No /proc on this system.
    return null
  }
}

/** Field 22 of /proc/PID/stat. The name before it may hold spaces. */
function startedTicks(pid: number | 'self'): string | null {
  const stat = read(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim() || null
  } catch {
    // No /proc on this system, or the process is gone.
    return null
  }
}
