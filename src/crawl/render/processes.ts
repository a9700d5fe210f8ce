import { readdirSync, readFileSync } from 'node:fs'

/** A process as the kernel lists it. */
interface Listed {
  readonly pid: number
  readonly parent: number
  readonly group: number
  /** Dead, and not yet asked about by its parent. */
  readonly isZombie: boolean
}

/**
 * A process, all below it, and all of its process group: a browser's helpers keep to its group, wherever they were born. Empty = it is
 * gone, or the system does not list its processes under /proc.
 */
export function processTree(root: number): readonly number[] {
  const all = listed()
  const found = new Set(all.filter(({ pid, group }) => pid === root || group === root).map(({ pid }) => pid))
  for (let before = -1; before !== found.size; ) {
    before = found.size
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid)
  }
  return all.filter(({ pid, isZombie }) => found.has(pid) && !isZombie).map(({ pid }) => pid)
}

/** Bytes of memory that processes hold, what they share counted once; null = the system does not say. */
export function memoryOf(pids: readonly number[]): number | null {
  let bytes: number | null = null
  for (const pid of pids) {
    const pss = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1]
    if (pss !== undefined) bytes = (bytes ?? 0) + Number(pss) * 1024
  }
  return bytes
}

/** Ends a process tree at once. What is gone already is no error, nor a helper of the system's that ends with the others. */
export function killTree(root: number): void {
  const tree = processTree(root)
  // The group first, in one call: what is killed one by one might be replaced meanwhile.
  for (const target of [-root, root, ...tree]) {
    try {
      process.kill(target, 'SIGKILL')
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null
      if (code !== 'ESRCH' && code !== 'EPERM') throw error
    }
  }
}

function listed(): Listed[] {
  let names: string[]
  try {
    names = readdirSync('/proc')
  } catch {
    return []
  }
  return names.filter((name) => /^\d+$/.test(name)).flatMap((name) => statOf(Number(name)) ?? [])
}

/** See proc(5): the name stands in parentheses and may hold anything. */
function statOf(pid: number): Listed | null {
  const text = read(`/proc/${pid}/stat`)
  if (text === null) return null
  const [state, parent, group] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { pid, parent: Number(parent), group: Number(group), isZombie: state === 'Z' || state === 'X' }
}

/** null = it is gone. */
function read(path: string): string | null {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return null
  }
}
