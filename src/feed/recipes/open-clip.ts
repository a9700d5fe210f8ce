import { shellQuoted } from '../../records/index.js'
import { hasShardForEach, type Recipe, type RecipeFacts, type RecipeSet, samplesOf } from './facts.js'
import { epochNotes, fewShardsNotes, retractNote, storeNotes } from './notes.js'
import { partsOf, tarsOf } from './tars.js'

/** Of one argument of a command, on Linux. */
const maxArgumentBytes = 131_071

/** open_clip's own program. What is added behind the line wins over what stands in it. Pure. */
export function openClipRecipe(facts: RecipeFacts): Recipe {
  const { validation, gpus } = facts
  const sets = facts.sets.map(usable)
  const held = validation === null ? null : usable(validation)
  const isMixed = sets.some(({ weight }) => weight !== null)
  const isResampled = isMixed || !hasShardForEach(facts)
  const words = [
    gpus > 1 ? `torchrun --nproc_per_node ${gpus}` : 'python',
    '-m open_clip_train.main --dataset-type webdataset',
    `--train-data ${shellQuoted(sets.map(tarsOf).join('::'))}`,
    `--train-num-samples ${samplesOf(sets)}`,
    ...(isResampled ? ['--dataset-resampled'] : []),
    ...(isMixed ? [`--train-data-upsampling-factors ${factorsOf(sets).join('::')}`] : []),
    ...(held === null
      ? []
      : [`--val-data ${shellQuoted(tarsOf(held))}`, `--val-num-samples ${held.samples}`]),
    `--workers ${facts.workers}`,
    '--model ViT-B-32 --batch-size 64',
  ]
  return {
    consumer: 'open_clip',
    title: 'open_clip',
    language: 'shell',
    lines: [words.join(' ')],
    notes: [
      'Model and batch size of a GPU are examples. What is added at the end of the line wins.',
      ...(isMixed
        ? [
            'A factor is that of a shard: it is chosen so that the pairs of each dataset come as its weight says.',
          ]
        : []),
      ...fewShardsNotes(facts),
      ...(isResampled ? [] : epochNotes(facts)),
      ...(sets.some(({ signed }, i) => signed === null && facts.sets[i]?.signed !== null)
        ? ['The URLs are too many for one argument of a command: the tars are fetched by the aws command.']
        : []),
      ...storeNotes(sets),
      'It goes on with --resume from the beginning of an epoch, not within one: pairmill feed --serve can.',
      retractNote,
    ],
  }
}

/** URLs that do not fit into one argument are none. */
function usable(set: RecipeSet): RecipeSet {
  const isLong = set.signed !== null && Buffer.byteLength(tarsOf(set)) > maxArgumentBytes / 2
  return isLong ? { ...set, signed: null } : set
}

/** A shard is drawn as often as its factor says, so a dataset of more pairs in a shard needs a smaller one. The smallest is 1. */
function factorsOf(sets: readonly RecipeSet[]): number[] {
  const bare = sets.map(({ weight, samples }) => (weight ?? 0) / samples)
  const least = Math.min(...bare)
  return sets.flatMap((set, i) =>
    Array.from({ length: partsOf(set) }, () => Number(((bare[i] ?? 0) / least).toPrecision(6))),
  )
}
