import { hasShardForEach, type RecipeFacts, type RecipeSet, readersOf, samplesOf, shardsOf } from './facts.js'

type Loaders = Pick<RecipeFacts, 'sets' | 'gpus' | 'workers'>

/** What a loader that opens tars by their names does about pairs that are taken back. */
export const retractNote =
  'Pairs that are taken back meanwhile are left out of tars that it opens later; one that is open is read to its end.'

/** `8 GPUs with 4 workers each`. Pure. */
export function loadersText({ gpus, workers }: Pick<RecipeFacts, 'gpus' | 'workers'>): string {
  const each = `${workers} worker${workers === 1 ? '' : 's'}`
  return gpus === 1 ? `one GPU with ${each}` : `${gpus} GPUs with ${each} each`
}

/** Why shards are drawn again and again, where they are too few. Pure. */
export function fewShardsNotes(facts: Loaders): readonly string[] {
  if (hasShardForEach(facts)) return []
  const [shards, readers] = [shardsOf(facts.sets), readersOf(facts)]
  return [
    `Each loader takes whole shards, and ${shards} shard${shards === 1 ? ' is' : 's are'} fewer than ${readers} loaders (${loadersText(facts)}). So shards are drawn by chance, again and again: an epoch has as many samples, but some pairs come twice, and others not. pairmill curate --shards ${readers} makes enough.`,
  ]
}

/** How far an epoch is from each pair once, where each loader has shards of its own. Pure. */
export function epochNotes(facts: Loaders): readonly string[] {
  const [shards, readers] = [shardsOf(facts.sets), readersOf(facts)]
  if (readers === 1 || shards % readers === 0) return []
  return [
    `${shards} shards are not a multiple of ${readers} loaders: all give as many samples in an epoch, so those with one shard more leave some out. pairmill curate --shards ${readers * Math.ceil(shards / readers)} makes shards that are equal.`,
  ]
}

/** What tars that are behind a store ask for. Pure. */
export function storeNotes(sets: readonly RecipeSet[]): readonly string[] {
  return [
    ...(sets.some(({ place, signed }) => place.kind === 's3' && signed === null)
      ? [
          'The aws command must be installed where it trains, and find credentials. --presign 12h gives URLs that need neither.',
        ]
      : []),
    ...(sets.some(({ place, signed }) => place.kind === 'https' || signed !== null)
      ? ['curl must be installed where it trains.']
      : []),
    ...(sets.some(({ signed }) => signed !== null)
      ? ['The URLs let in whoever has them, until they end.']
      : []),
  ]
}

/** Samples that each loader gives in an epoch, so that all ranks take as many steps; 1 or more. Pure. */
export function samplesEach(facts: Loaders): number {
  return Math.max(1, Math.floor(samplesOf(facts.sets) / readersOf(facts)))
}
