import { featureLines } from './field.js'
import { embeddingPrefixes, rejectedPrefix } from './layout.js'
import type { DatasetSummary, Manifest } from './manifest.js'
import { sampleFields } from './sample-record.js'

/** Where its pairs come from. */
function originText({ run, complete, curated_from: from }: Manifest): string {
  if (from !== undefined) {
    const places = from.sources.map(({ place }) => `\`${place}\``).join(', ')
    return `chosen by \`pairmill curate\` from ${places}. \`manifest.json\` says how.`
  }
  const end = complete ? 'The run is complete.' : 'The run is not at its end: shards may follow.'
  return `harvested from the web by pairmill (run \`${run}\`).\n${end}`
}

/** The README of a dataset, which the Hugging Face hub reads as its card. */
export function datasetCard(manifest: Manifest, summary: DatasetSummary): string {
  const rejected = Object.entries(summary.reasons).sort(([, a], [, b]) => b - a)
  const languages = cardLanguages(summary)
  return `---
license: other
license_name: as-published
language:${languages.map((code) => `\n- ${code}`).join('')}
task_categories:
- image-to-text
- text-to-image
- zero-shot-image-classification
tags:
- webdataset
- image-text
size_categories:
- ${sizeCategory(summary.samples)}
configs:
- config_name: default
  data_files: "*.tar"
dataset_info:
  features:
  - name: ${manifest.format ?? 'jpg'}
    dtype: image
  - name: json
    struct:
${featureLines(sampleFields, 4).join('\n')}
  - name: txt
    dtype: string
  - name: __key__
    dtype: string
  - name: __url__
    dtype: string
---
# Image-text pairs

${count(summary.samples, 'pair')} in ${count(summary.shards, 'shard')}, ${summary.bytes} bytes, ${originText(manifest)}

| | |
|---|---|
| candidates judged | ${summary.rows} |
| pairs kept | ${summary.samples} |
| scored by | ${manifest.modelId ?? 'nothing'} |
${isInt8(manifest) ? int8Text : ''}| threshold | ${manifest.threshold ?? 'none'} |
| image format | ${manifest.format ?? 'none'} |

## Files
- \`NNNNN.tar\`: a WebDataset shard. A sample is \`KEY.${manifest.format ?? 'jpg'}\`, \`KEY.json\`, \`KEY.txt\` (the caption), side by side.
- \`NNNNN.parquet\`: a row for every candidate that was judged: kept ones first, in the order of the tar, then rejected ones, whose
  \`key\` is null and whose \`error_message\` is the reason. A run that keeps nothing writes \`ledger.parquet\`.
${manifest.pages.length === 0 ? '' : pagesText(manifest)}- \`NNNNN_stats.json\`: counts of the shard by status and reason, and its scores.
${names(manifest, embeddingPrefixes.images) ? embeddingsText : ''}${names(manifest, rejectedPrefix) ? rejectedText : ''}- \`manifest.json\`: every file with its size and SHA-256. \`index.json\`: the index for wids. \`sizes.json\`: samples by shard, which
  open_clip reads from a folder; from object storage give it \`--train-num-samples ${summary.samples}\`. (img2dataset takes these three for
  stats of shards: do not let it resume in this folder.)

## What was left out
${rejected.length === 0 ? 'Nothing.' : `| reason | candidates |\n|---|---|\n${rejected.map(([reason, n]) => `| ${reason} | ${n} |`).join('\n')}`}

## Rights
The images and texts belong to whoever published them. Each record says where it came from (\`url\`, \`page_url\`), what the page
says of its licence (\`licence_url\`, null = nothing) and, where a rule names it, of who made it (\`credit\`), and which robots.txt rule allowed the fetch (\`permission\`).
`
}

/** A model's id ends so where its int8 files were asked for. */
const isInt8 = ({ modelId }: Manifest): boolean => modelId?.endsWith('/int8') === true

const int8Text =
  "| precision | int8: the scores are not those of the model's fp32 files; how far they lie apart was not measured |\n"

/** Whether a shard has a file in this folder. */
function names({ shards }: Manifest, folder: string): boolean {
  return shards.some(({ files }) => files.some(({ name }) => name.startsWith(folder)))
}

const embeddingsText = `- \`img_emb/\`, \`text_emb/\`, \`metadata/\`: the model's embeddings of each image and caption, 16-bit floats of length 1 in the order of the
  tars, and the keys that belong to them, as clip-retrieval reads them.
`

const rejectedText = `- \`rejected/NNNNN.tar\`: small pictures of some candidates that were left out for their size, shape or score, with their rows, to look
  at. They are no training data.
`

function pagesText(manifest: Manifest): string {
  const rows = manifest.pages.reduce((sum, page) => sum + page.rows, 0)
  return `- \`pages/NNNNN.parquet\`: the page ledger, ${count(rows, 'row')}: one for every page that was decided about, read or not: \`url\`, \`outcome\`, \`reason\`,
  \`http_status\`, and on whose word (\`rule\`, \`value\`, \`source\`, \`checked_at\`; \`images_rule\` where only its images were left alone). Read it with
  \`load_dataset('parquet', data_files='DIR/pages/*.parquet')\`.
`
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`
}

/** Languages of at least a hundredth of the pairs, the most frequent first. `und`: none is certain. */
function cardLanguages({ languages, samples }: DatasetSummary): readonly string[] {
  const codes = Object.entries(languages)
    .filter(([code, n]) => code !== 'und' && n * 100 >= samples)
    .sort(([, a], [, b]) => b - a)
    .map(([code]) => code)
  return codes.length === 0 ? ['und'] : codes
}

function sizeCategory(samples: number): string {
  const steps = [
    [1e3, 'n<1K'],
    [1e4, '1K<n<10K'],
    [1e5, '10K<n<100K'],
    [1e6, '100K<n<1M'],
    [1e7, '1M<n<10M'],
    [1e8, '10M<n<100M'],
  ] as const
  return steps.find(([below]) => samples < below)?.[1] ?? '100M<n<1B'
}
