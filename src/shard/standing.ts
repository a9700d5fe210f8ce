import { curateName } from './curated.js'
import { isDatasetName, manifestName } from './layout.js'
import type { Store } from './store.js'

/** Owner of a place by what lies there, before anything is written to it. */
export type Standing =
  /** Nothing lies there that a dataset's files would replace. */
  | { readonly kind: 'free' }
  /** A run of pairmill's wrote there. Which one is for its lock or its owner to say. */
  | { readonly kind: 'own' }
  /** A dataset of pairmill's without what its run keeps of itself: it can be read, and no run can go on in it. */
  | { readonly kind: 'copy' }
  /** A dataset was curated there, or is being: no run can go on in it. */
  | { readonly kind: 'curated' }
  /** `names`: those that would be replaced, sorted; `isAll` false = there may be more. */
  | { readonly kind: 'foreign'; readonly names: readonly string[]; readonly isAll: boolean }
  /** There are so many names that not all were looked at. */
  | { readonly kind: 'crowded' }

/** Observations of a place, from which its standing is decided. */
export interface Seen {
  /** At its top. */
  readonly names: readonly string[]
  readonly isAll: boolean
  /** Below `.pairmill/`. */
  readonly state: readonly string[]
  /** Program that made it, by its manifest.json; null = there is none, or it does not say. */
  readonly generator: string | null
}

/**
 * Marks of a run below `.pairmill/`, which lie there before it writes anything beside it. Not the database: it is there before the place is looked at for
 * the last time.
 */
const marks = ['owner.json', 'lock', 'tmp', 'entries', 'plans', 'parts', 'pages'] as const

/** The datasets of a split lie below it: then it has no names of a dataset itself. */
const curateMark = curateName.replace('.pairmill/', '')

/** Pure. */
export function standingOf({ names, isAll, state, generator }: Seen): Standing {
  if (state.includes(curateMark)) return { kind: 'curated' }
  const inTheWay = names.filter(isDatasetName).sort()
  if (inTheWay.length === 0) return isAll ? { kind: 'free' } : { kind: 'crowded' }
  if (marks.some((mark) => state.includes(mark))) return { kind: 'own' }
  return generator === 'pairmill' ? { kind: 'copy' } : { kind: 'foreign', names: inTheWay, isAll }
}

/** Looks at a place, and changes nothing. */
export async function standingIn(store: Store, signal: AbortSignal): Promise<Standing> {
  // Names first: where a run of pairmill's begins at this moment, its mark is there before its files are.
  const { names, isAll } = await store.top(isDatasetName, signal)
  const state: string[] = (await store.stat(curateName, signal)) === null ? [] : [curateMark]
  if (names.length === 0) return standingOf({ names, isAll, state, generator: null })
  for (const mark of marks) if ((await store.stat(`.pairmill/${mark}`, signal)) !== null) state.push(mark)
  const generator = names.includes(manifestName) ? await generatorIn(store, signal) : null
  return standingOf({ names, isAll, state, generator })
}

/** Bytes of a manifest that is read; that of a hundred thousand shards is smaller. */
const maxManifestBytes = 128 * 2 ** 20
/** Files whose names begin as the manifest's. */
const mostListed = 1_000

async function generatorIn(store: Store, signal: AbortSignal): Promise<string | null> {
  let listed = 0
  // Listed, and not only asked for: what is no plain file, a pipe for one, might never be read to its end.
  for await (const { name, size } of store.list(manifestName, signal)) {
    if (name === manifestName)
      return size > maxManifestBytes ? null : generatorOf(await store.read(name, signal))
    if (++listed >= mostListed) return null
  }
  return null
}

function generatorOf(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null
  try {
    const said: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    if (typeof said !== 'object' || said === null || !('generator' in said)) return null
    return typeof said.generator === 'string' ? said.generator : null
  } catch {
    // A stranger's file need not be JSON.
    return null
  }
}

const mostNamed = 10

/** Why no run may begin in a place, and what to do; null = one may. Pure. */
export function standingProblem(place: string, standing: Standing): string | null {
  switch (standing.kind) {
    case 'free':
    case 'own':
      return null
    case 'copy':
      return `${place} holds a copy of a dataset, without the .pairmill/ in which its run kept its state: it can be read, but nothing can go on in it; choose another --out`
    case 'curated':
      return `${place} holds a dataset that was curated, or is being: there is no run to go on with; choose another --out`
    case 'crowded':
      return `${place} holds so many names that not all were looked at, and some might be replaced: choose another --out, a prefix of its own`
    case 'foreign': {
      const { names, isAll } = standing
      const named = names.slice(0, mostNamed).map(printable).join(', ')
      const more = names.length - mostNamed
      const rest =
        more > 0 ? ` and ${isAll ? '' : 'at least '}${more} more` : isAll ? '' : ' and perhaps more'
      return `${place} holds files that are not pairmill's, and a dataset has the same names: ${named}${rest}; choose another --out`
    }
  }
}

/** Names are a stranger's: nothing in them reaches a terminal as a command. */
function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
}
