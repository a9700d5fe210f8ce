import type { Recipe, RecipeFacts, RecipeSet } from './facts.js'
import { pythonText } from './quoting.js'

/** Megatron-Energon opens a folder by its `.nv-meta/`, which every dataset has. Pure. */
export function energonRecipe({ sets, workers }: RecipeFacts): Recipe {
  const whole = { consumer: 'energon', title: 'Megatron-Energon', language: 'python' } as const
  const away = sets.find(({ place }) => place.kind !== 'folder')
  if (away !== undefined) {
    return {
      ...whole,
      lines: [],
      notes: [
        'It reads S3 through a profile of its Multi-Storage Client, which is not known here: copy the dataset to a folder.',
      ],
    }
  }
  const isOne = sets.length === 1
  const [first] = sets
  return {
    ...whole,
    lines: [
      ...(isOne ? [] : ['import json', 'from pathlib import Path', '']),
      'from megatron.energon import DefaultTaskEncoder, SampleDecoder, WorkerConfig, get_loader, get_train_dataset',
      '',
      '',
      'class Pairs(DefaultTaskEncoder):',
      '    decoder = SampleDecoder(image_decode="pilrgb")',
      '',
      '    def batch(self, samples):',
      '        return [(sample.image, sample.caption) for sample in samples]',
      '',
      '',
      ...(isOne ? [] : blendLines(sets)),
      'pairs = get_train_dataset(',
      `    ${isOne ? pythonText(pathOf(first)) : '"pairs.yaml"'},`,
      '    task_encoder=Pairs(),',
      '    batch_size=64,',
      '    shuffle_buffer_size=1000,',
      '    max_samples_per_sequence=100,',
      `    worker_config=WorkerConfig.default_worker_config(${workers}),`,
      ')',
      'batches = get_loader(pairs)',
    ],
    notes: [
      'The folder is opened as it is, without energon prepare. Pairs come for ever: the job counts its steps.',
      ...(isOne ? [] : ['pairs.yaml, which it writes to the working folder, says what is mixed.']),
      'Its state goes on with as many ranks and workers as saved it, and not after pairs were taken back or shards were added.',
    ],
  }
}

const pathOf = (set: RecipeSet | undefined): string => (set?.place.kind === 'folder' ? set.place.path : '')

/** JSON is YAML. */
function blendLines(sets: readonly RecipeSet[]): readonly string[] {
  return [
    'blend = [',
    ...sets.map((set) => `    {"weight": ${set.weight ?? set.samples}, "path": ${pythonText(pathOf(set))}},`),
    ']',
    'splits = {"train": {"blend": blend}}',
    'metadataset = {"__module__": "megatron.energon", "__class__": "MetadatasetV2", "splits": splits}',
    'Path("pairs.yaml").write_text(json.dumps(metadataset))',
  ]
}
