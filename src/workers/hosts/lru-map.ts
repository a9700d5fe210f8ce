/** Memory of what was set last. */
export interface LruMap<T> {
  get(key: string): T | undefined
  set(key: string, value: T): void
}

/** Keeps between `max / 2` and `max` of the entries last set. */
export function createLruMap<T>(max: number): LruMap<T> {
  let recent = new Map<string, T>()
  let older = new Map<string, T>()
  return {
    get: (key) => recent.get(key) ?? older.get(key),
    set: (key, value) => {
      recent.set(key, value)
      if (recent.size < max / 2) return
      older = recent
      recent = new Map()
    },
  }
}
