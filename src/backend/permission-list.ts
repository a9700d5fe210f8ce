import type { Permission } from '../records/index.js'

/** Permissions of the rows of a chunk, each once: rows name them by their place. */
interface PermissionList {
  readonly said: readonly Permission[]
  /** null = nobody was asked. */
  readonly placeOf: (permission: Permission | null) => number | null
}

export function createPermissionList(): PermissionList {
  const said: Permission[] = []
  const places = new Map<string, number>()
  return {
    said,
    placeOf: (permission) => {
      if (permission === null) return null
      const text = JSON.stringify(permission)
      const place = places.get(text) ?? said.push(permission) - 1
      places.set(text, place)
      return place
    },
  }
}

export const permissionAt = (said: readonly Permission[], place: number | null): Permission | null =>
  place === null ? null : (said[place] ?? null)
