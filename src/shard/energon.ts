import { z } from 'zod'
import { energonPrefix } from './layout.js'
import type { Manifest } from './manifest.js'

export const energonCountsName = `${energonPrefix}.info.json`
export const energonSplitName = `${energonPrefix}split.yaml`
export const energonCountsSchema = z.object({ shard_counts: z.record(z.string(), z.int()) })
export const energonSplitSchema = z.object({ split_parts: z.record(z.string(), z.array(z.string())) })

/** Names and texts of the files by which Megatron-Energon opens a dataset that it did not prepare itself. All of it is to train on. */
export function energonFiles(
  sizes: Readonly<Record<string, number>>,
  { format }: Pick<Manifest, 'format'>,
): readonly (readonly [name: string, text: string])[] {
  const tars = Object.keys(sizes).filter((tar) => sizes[tar] !== 0)
  const counts = Object.fromEntries(tars.map((tar) => [tar, sizes[tar]]))
  // JSON is YAML, too.
  return [
    [energonCountsName, `${JSON.stringify({ energon_version: null, shard_counts: counts }, null, 2)}\n`],
    [
      energonSplitName,
      `${JSON.stringify({ split_parts: { train: tars, val: [], test: [] }, exclude: [] }, null, 2)}\n`,
    ],
    [
      `${energonPrefix}dataset.yaml`,
      `sample_type:\n  __module__: megatron.energon\n  __class__: CaptioningSample\nfield_map:\n  image: ${format ?? 'jpg'}\n  caption: txt\n`,
    ],
  ]
}
