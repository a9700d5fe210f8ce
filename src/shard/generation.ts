import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { readManifest } from './dataset.js'
import { readEach, readJson } from './entry.js'
import { generationName, generationsPrefix } from './layout.js'
import type { Store } from './store.js'

const sumsSchema = z.object({ size: z.int().nonnegative(), sha256: z.string() })

export const generationSchema = z.object({
  v: z.literal(1),
  /** From 1, dense. */
  generation: z.int().positive(),
  at: z.iso.datetime(),
  /** `run`, `images`, `warc`, `fleet`, `curate`, `retract`. */
  command: z.string(),
  /** In words, as it was given; null = none was. */
  reason: z.string().nullable(),
  /** Numbers of the shards that came with it, both included; null = none did. */
  added: z.object({ from: z.int().nonnegative(), to: z.int().nonnegative() }).readonly().nullable(),
  /** Shards that lost samples, by number, and the slots newly taken back, ascending. */
  rewritten: z
    .array(z.object({ shard: z.int().nonnegative(), taken: z.array(z.int().nonnegative()).readonly() }))
    .readonly(),
  /** Every file that it changes, as it was (null = it was not there) and as it will be (null = it is removed). Empty where it only adds shards. */
  files: z
    .array(
      z.object({
        name: z.string(),
        before: sumsSchema.readonly().nullable(),
        after: sumsSchema.readonly().nullable(),
      }),
    )
    .readonly(),
})

/**
 * One change of a dataset, as a delta: written once, before what it announces, and never changed. The manifest names the last one that is closed;
 * any above that is open, and what it announces is still to be done.
 */
export type Generation = Readonly<z.infer<typeof generationSchema>>

/** What a file may hold: size and sum. */
export type Held = Readonly<z.infer<typeof sumsSchema>>

function generationBytes(generation: Generation): Buffer {
  return Buffer.from(`${JSON.stringify(generationSchema.parse(generation))}\n`)
}

/** null = there is no such generation. */
export async function readGeneration(
  store: Store,
  generation: number,
  signal: AbortSignal,
): Promise<Generation | null> {
  return await readJson(store, generationName(generation), generationSchema, signal)
}

/** Every generation whose number is not below `from`, by number. */
export async function readGenerations(
  store: Store,
  from: number,
  signal: AbortSignal,
): Promise<Generation[]> {
  const numbers = await generationNumbers(store, signal)
  const names = numbers.filter((number) => number >= from).map(generationName)
  return await readEach(store, names, generationSchema, signal)
}

/** Ascending. */
async function generationNumbers(store: Store, signal: AbortSignal): Promise<number[]> {
  const numbers: number[] = []
  for await (const { name } of store.list(generationsPrefix, signal)) {
    const number = /\/(\d{6,})\.json$/.exec(name)?.[1]
    if (number !== undefined) numbers.push(Number(number))
  }
  return numbers.sort((a, b) => a - b)
}

/** The change that rewrites files and was not ended; null = there is none, and a run may go on. No other generation comes behind such a one. */
export async function changeUnderWay(store: Store, signal: AbortSignal): Promise<Generation | null> {
  const last = (await generationNumbers(store, signal)).at(-1)
  const generation = last === undefined ? null : await readGeneration(store, last, signal)
  if (generation === null || generation.files.length === 0) return null
  const closed = (await readManifest(store, signal))?.generation ?? 0
  return openChange(closed, [generation])
}

/** Creates it. False = its number is taken by another one, and nothing was changed. */
export async function writeGeneration(
  store: Store,
  generation: Generation,
  signal: AbortSignal,
): Promise<boolean> {
  const name = generationName(generation.generation)
  const bytes = generationBytes(generation)
  if ((await store.putBytes(name, bytes, { ifAbsent: true }, signal)) !== 'exists') return true
  // An answer that was lost is asked for again, and finds what it has written.
  return isDeepStrictEqual(await readGeneration(store, generation.generation, signal), generation)
}

/** What each file may hold that an open generation changes: as it was, or as it will be; a name that is not in it stays as it is. Pure. */
export function acceptable(
  open: Pick<Generation, 'files'>,
): ReadonlyMap<string, { readonly before: Held | null; readonly after: Held | null }> {
  return new Map(open.files.map(({ name, before, after }) => [name, { before, after }]))
}

/** The change that rewrites files and is not closed, of generations in order; null = none is under way. `closed`: the number in the manifest. Pure. */
export function openChange(closed: number, generations: readonly Generation[]): Generation | null {
  return generations.find(({ generation, files }) => generation > closed && files.length > 0) ?? null
}

/** An open change, and who ends it, for people. Pure. */
export function changeText({ generation, command, reason }: Generation): string {
  const why = reason === null ? '' : ` (${reason})`
  return `generation ${generation}, ${command}${why}, is under way: the same command ends it`
}
