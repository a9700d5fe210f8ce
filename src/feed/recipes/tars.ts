import { shellQuoted } from '../../records/index.js'
import { shardStem } from '../../shard/index.js'
import type { RecipePlace, RecipeSet } from './facts.js'
import { pythonText, unexpanded } from './quoting.js'

/** One word for tars, as webdataset and open_clip take it: brace expansion and '::' make URLs of it. Pure. */
export function tarsOf({ place, shards, signed }: Pick<RecipeSet, 'place' | 'shards' | 'signed'>): string {
  if (signed !== null) return signed.map(unexpanded).join('::')
  const { before, after } = wordOf(place)
  return `${unexpanded(before)}${bracesOf(shards)}${unexpanded(after)}`
}

/** How often `tarsOf` names a place: a weight is asked for each. */
export const partsOf = ({ shards, signed }: Pick<RecipeSet, 'shards' | 'signed'>): number =>
  signed === null ? 1 : shards.length

/** What stands around the number of a shard. S3 is read through a command that writes to its standard output. */
function wordOf(place: RecipePlace): { readonly before: string; readonly after: string } {
  if (place.kind === 'folder') return { before: `${place.path.replace(/\/$/, '')}/`, after: '.tar' }
  if (place.kind === 'https') return { before: `${place.url}/`, after: '.tar' }
  const from = place.endpoint === null ? '' : `--endpoint-url ${shellQuoted(place.endpoint)} `
  const command = `pipe:aws ${from}s3 cp`
  const isPlain = shellQuoted(place.url) === place.url
  if (isPlain) return { before: `${command} ${place.url}/`, after: '.tar -' }
  return { before: `${command} '${place.url.replaceAll("'", "'\\''")}/`, after: ".tar' -" }
}

/** Names of shards as a brace range, or several. Their numbers have five digits, and those above more, so that one range has one length. */
function bracesOf(shards: readonly number[]): string {
  const runs: { from: string; to: string; next: number }[] = []
  for (const shard of shards) {
    const stem = shardStem(shard)
    const last = runs.at(-1)
    if (last !== undefined && last.next === shard && last.to.length === stem.length) {
      last.to = stem
      last.next = shard + 1
    } else runs.push({ from: stem, to: stem, next: shard + 1 })
  }
  const ranges = runs.map(({ from, to }) => (from === to ? from : `{${from}..${to}}`))
  return ranges.length === 1 ? (ranges[0] ?? '') : `{${ranges.join(',')}}`
}

/** The URLs of tars behind a server, as a list of Python; null = they are behind none. Pure. */
export function pythonUrls({ place, shards, signed }: RecipeSet): readonly string[] | null {
  if (signed !== null) return ['[', ...signed.map((url) => `    ${pythonText(url)},`), ']']
  if (place.kind !== 'https') return null
  const name = pythonText(`${place.url.replace(/[{}]/g, '$&$&')}/{shard:05}.tar`)
  const [from = 0, to = 0] = [shards[0], shards.at(-1)]
  const all = to - from + 1 === shards.length ? `range(${from}, ${to + 1})` : `[${shards.join(', ')}]`
  return [`[f${name} for shard in ${all}]`]
}
