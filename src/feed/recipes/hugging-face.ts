import { type Recipe, type RecipeFacts, type RecipeSet, shardsOf } from './facts.js'
import { retractNote } from './notes.js'
import { pythonText } from './quoting.js'
import { pythonUrls } from './tars.js'

/** The `datasets` library of Hugging Face. Pure. */
export function huggingFaceRecipe(facts: RecipeFacts): Recipe {
  const { sets } = facts
  const whole = { consumer: 'datasets', title: 'Hugging Face datasets', language: 'python' } as const
  const refused = refusal(sets)
  if (refused !== null) return { ...whole, lines: [], notes: [refused] }
  return { ...whole, lines: linesOf(facts), notes: notesOf(facts) }
}

/** Why it cannot read a dataset; null = it can. */
function refusal(sets: readonly RecipeSet[]): string | null {
  for (const { place, signed } of sets) {
    if (place.kind === 's3' && signed === null)
      return 'It reads no s3:// URL of these: --presign 12h gives URLs that it reads, or copy the dataset to a folder.'
    if (place.kind === 'folder' && /[*?[\]{}]/.test(place.path))
      return `It takes ${place.path} for a pattern, because of a character in its name (one of * ? [ ] { }): rename the folder.`
  }
  return null
}

function linesOf({ sets, gpus }: RecipeFacts): readonly string[] {
  const isMixed = sets.some(({ weight }) => weight !== null)
  const joining = isMixed ? 'interleave_datasets' : 'concatenate_datasets'
  const isOne = sets.length === 1
  const parts = sets.flatMap((set, i) => loading(set, isOne ? 'pairs' : `part_${i}`, !isOne))
  const names = sets.map((_, i) => `part_${i}`).join(', ')
  return [
    ...(gpus > 1 ? ['import os', ''] : []),
    `from datasets import ${isOne ? '' : `${joining}, `}load_dataset`,
    ...(gpus > 1 ? ['from datasets.distributed import split_dataset_by_node'] : []),
    '',
    ...parts,
    ...(isOne ? [] : [isMixed ? interleaved(sets, names) : `pairs = concatenate_datasets([${names}])`]),
    'pairs = pairs.shuffle(seed=0, buffer_size=1000)',
    ...(gpus > 1
      ? [
          'rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))',
          'pairs = split_dataset_by_node(pairs, rank=rank, world_size=world)',
        ]
      : []),
  ]
}

function interleaved(sets: readonly RecipeSet[], names: string): string {
  const shares = sets.map(({ weight }) => weight ?? 0).join(', ')
  return `pairs = interleave_datasets([${names}], probabilities=[${shares}], seed=0, stopping_strategy="all_exhausted")`
}

/** `isOfSeveral`: others stand beside it, so that their columns must be alike. */
function loading(set: RecipeSet, name: string, isOfSeveral: boolean): readonly string[] {
  const urls = pythonUrls(set)
  const place = set.place.kind === 'folder' ? pythonText(set.place.path) : ''
  const [first = '', ...more] = urls ?? []
  const last = more.at(-1)
  const before =
    urls === null
      ? []
      : last === undefined
        ? [`urls = ${first}`]
        : [`urls = ${first}`, ...more.slice(0, -1), last]
  const call =
    urls === null
      ? `load_dataset(${place}, split="train", streaming=True)`
      : 'load_dataset("webdataset", data_files={"train": urls}, split="train", streaming=True)'
  const alike = isOfSeveral
    ? `.select_columns(["${set.format}", "txt"]).rename_column("${set.format}", "image")`
    : ''
  return [...before, `${name} = ${call}${alike}`]
}

function notesOf({ sets, gpus, workers }: RecipeFacts): readonly string[] {
  const shards = shardsOf(sets)
  return [
    ...(gpus > 1 && shards % gpus !== 0
      ? [
          `${shards} shards are no multiple of ${gpus} GPUs: each of them reads all shards, and leaves out what is the others'. pairmill curate --shards ${gpus * Math.max(1, workers) * Math.ceil(shards / (gpus * Math.max(1, workers)))} makes as many as are wanted.`,
        ]
      : []),
    ...(sets.some(({ place, signed }) => place.kind === 'https' || signed !== null)
      ? ['Over http it needs the packages requests and aiohttp.']
      : []),
    'pairs.state_dict() and load_state_dict() go on within an epoch, with as many ranks and workers; what is in the shuffle buffer then is lost.',
    retractNote,
  ]
}
