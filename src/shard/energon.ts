import { energonPrefix } from './layout.js'
import type { Manifest } from './manifest.js'

/** Names and texts of the files by which Megatron-Energon opens a dataset that it did not prepare itself. All of it is to train on. */
export function energonFiles(
  sizes: Readonly<Record<string, number>>,
  { format }: Pick<Manifest, 'format'>,
): readonly (readonly [name: string, text: string])[] {
  const tars = Object.keys(sizes).filter((tar) => sizes[tar] !== 0)
  const counts = Object.fromEntries(tars.map((tar) => [tar, sizes[tar]]))
  // JSON is YAML, too.
  return [
    [
      energonName('.info.json'),
      `${JSON.stringify({ energon_version: null, shard_counts: counts }, null, 2)}\n`,
    ],
    [
      energonName('split.yaml'),
      `${JSON.stringify({ split_parts: { train: tars, val: [], test: [] }, exclude: [] }, null, 2)}\n`,
    ],
    [
      energonName('dataset.yaml'),
      `sample_type:\n  __module__: megatron.energon\n  __class__: CaptioningSample\nfield_map:\n  image: ${format ?? 'jpg'}\n  caption: txt\n`,
    ],
  ]
}

const energonName = (name: string): string => `${energonPrefix}${name}`
