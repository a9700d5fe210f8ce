/** A memory that forgets what was not set for long. */
export interface Recent<T> {
  get(key: string): T | undefined
  set(key: string, value: T): void
}

/** Keeps between `max / 2` and `max` of the entries last set. */
export function createRecent<T>(max: number): Recent<T> {
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
