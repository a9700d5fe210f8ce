import { randomUUID } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TakenBack } from '../backend/index.js'
import { publishedName, skippedRowsName, statusName } from '../run/index.js'
import type { Held } from './hold.js'
import type { Rules } from './rules.js'

/** Takes what the rules take out of all that a run keeps of itself beside its dataset. null = it has no database here. */
export async function tidyState(
  { store, hub, privateDir, signal }: Held,
  rules: Rules,
): Promise<TakenBack | null> {
  if (privateDir !== null) {
    await rewriteText(join(privateDir, statusName), (text) => statusWithout(text, rules))
    await rewriteText(join(privateDir, skippedRowsName), (text) => linesWithout(text, rules))
  }
  const published = await store.read(publishedName, signal)
  if (published !== null) {
    const text = Buffer.from(published).toString('utf8')
    const left = statusWithout(text, rules)
    if (left !== text) await store.putBytes(publishedName, Buffer.from(left), { ifAbsent: false }, signal)
  }
  return (await hub?.takeBack(rules)) ?? null
}

/** The state of a run without the hosts that go; what is no such state stays as it is. Pure. */
export function statusWithout(text: string, rules: Pick<Rules, 'names' | 'takesHost'>): string {
  let status: unknown
  try {
    status = JSON.parse(text)
  } catch {
    return text
  }
  if (typeof status !== 'object' || status === null || !('hosts' in status)) return text
  const { hosts } = status
  if (!Array.isArray(hosts)) return text
  const left = hosts.filter(
    (host: { readonly host?: unknown }) => typeof host?.host !== 'string' || !rules.takesHost(host.host),
  )
  const isNoteGone = 'note' in status && typeof status.note === 'string' && rules.names(status.note)
  if (left.length === hosts.length && !isNoteGone) return text
  return `${JSON.stringify({ ...status, hosts: left, ...(isNoteGone ? { note: null } : {}) }, null, 1)}\n`
}

/** Lines that name nothing that goes. Pure. */
export function linesWithout(text: string, rules: Pick<Rules, 'names'>): string {
  return text
    .split('\n')
    .filter((line) => !rules.names(line))
    .join('\n')
}

/** By rename, where it is changed at all: a reader sees the old one or the new one. */
async function rewriteText(path: string, left: (text: string) => string): Promise<void> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    // Not every run leaves each of them.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
    throw error
  }
  const next = left(text)
  if (next === text) return
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, next)
  await rename(draft, path)
}
