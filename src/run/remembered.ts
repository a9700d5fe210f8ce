import { messageOf } from '../records/index.js'

/** What could not be opened is tried again after so long. */
const retryMs = 30_000

export interface Remembered<T> {
  get(key: string): Promise<T | { readonly message: string }>
  /** All that was opened, to be closed. */
  opened(): readonly T[]
}

/** Opens a thing once for each key; what failed is tried again after a while. */
export function remembered<T extends object>(
  open: (key: string) => Promise<T | { readonly message: string }>,
  now: () => number,
): Remembered<T> {
  const known = new Map<string, { readonly at: number; readonly value: Promise<T | { message: string }> }>()
  const done = new Set<T>()
  return {
    get: async (key: string): Promise<T | { readonly message: string }> => {
      const earlier = known.get(key)
      const value = earlier === undefined ? undefined : await earlier.value
      if (
        earlier !== undefined &&
        value !== undefined &&
        !('message' in value && now() - earlier.at > retryMs)
      )
        return value
      const opening = open(key).catch((error: unknown) => ({ message: messageOf(error) }))
      known.set(key, { at: now(), value: opening })
      const opened = await opening
      if (!('message' in opened)) done.add(opened as T)
      return opened
    },
    opened: (): readonly T[] => [...done],
  }
}
