import { z } from 'zod'

/** Place behind the last row of a page, as its answer carries it. */
export function encodeCursor(place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

const placeSchema = z.array(z.union([z.string(), z.number()])).max(4)

/** null = it is none that this version gave. Pure. */
export function decodeCursor(cursor: string): readonly (string | number)[] | null {
  try {
    return placeSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
  } catch {
    return null
  }
}
