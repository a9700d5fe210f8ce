/** URLs, and keys of candidates, that this process knows to be in the run's seen-sets. It may forget any of them: the seen-sets are the truth. */
export interface Known {
  has(name: string): boolean
  add(name: string): void
}

/**
 * Keeps between `max / 2` and `max` of those last added. Most links of a site lead to pages that the pages before it led to as well, and its
 * icons stand on all of them; who remembers that much need not ask the backend again.
 */
export function createKnown(max: number): Known {
  let recent = new Set<string>()
  let older = new Set<string>()
  return {
    has: (name) => recent.has(name) || older.has(name),
    add: (name) => {
      recent.add(name)
      if (recent.size < max / 2) return
      older = recent
      recent = new Set()
    },
  }
}
