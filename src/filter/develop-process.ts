import { type Developed, developPicture, type Recipe, type Undeveloped } from './develop.js'

/** One picture, once. */
export interface ApartRequest {
  readonly bytes: Uint8Array
  readonly recipe: Recipe
}

export type ApartAnswer = Developed | Undeveloped

// Ctrl-C reaches the whole group of processes; only the parent's end, or what the image does, may end this one.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {})
process.once('disconnect', () => process.exit(1))
process.once('message', async ({ bytes, recipe }: ApartRequest) => {
  const outcome = await developPicture(bytes, recipe, new AbortController().signal)
  process.send?.(outcome, () => process.disconnect())
})
