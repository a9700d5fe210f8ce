/** Names of everything in a store, '/'-separated and relative. What is private lies under `.pairmill/`. */
export const manifestName = 'manifest.json'
export const sizesName = 'sizes.json'
export const widsName = 'index.json'
export const cardName = 'README.md'
export const croissantName = 'croissant.json'
/** The page of `pairmill report`: made of the dataset, and no part of it. */
export const reportName = 'report.html'
export const energonPrefix = '.nv-meta/'
export const partsPrefix = '.pairmill/parts/'
export const plansPrefix = '.pairmill/plans/'
export const entriesPrefix = '.pairmill/entries/'
/** The page ledger's files, and what commits them. */
export const pagesPrefix = 'pages/'
export const pageEntriesPrefix = '.pairmill/pages/'
export const generationsPrefix = '.pairmill/generations/'
/** A list of what its run may never take, by its hash. */
export const rejectListName = (sha256: string): string => `.pairmill/reject/${sha256}.list`
/** What was taken back, and must not come back. */
export const retractedName = '.pairmill/retracted.json'

const shardDigits = 5

export function shardStem(shard: number): string {
  return String(shard).padStart(shardDigits, '0')
}

/** Where the rows of a plan go that kept nothing. */
export function ledgerStem(plan: number): string {
  return plan === 0 ? 'ledger' : `ledger_${String(plan).padStart(5, '0')}`
}

export const tarName = (stem: string): string => `${stem}.tar`
export const tarIndexName = (stem: string): string => `${stem}.tar.idx`
/** Folders of embeddings, as clip-retrieval looks for them. */
export const embeddingPrefixes = { images: 'img_emb/', texts: 'text_emb/', metadata: 'metadata/' } as const
/** Files of the embeddings of a shard's samples. */
export const embeddingNames = (stem: string) =>
  ({
    images: `${embeddingPrefixes.images}img_emb_${stem}.npy`,
    texts: `${embeddingPrefixes.texts}text_emb_${stem}.npy`,
    metadata: `${embeddingPrefixes.metadata}metadata_${stem}.parquet`,
  }) as const
/** Small pictures of some rejected rows of a plan, with their rows. */
export const rejectedPrefix = 'rejected/'
export const rejectedName = (plan: number): string => `${rejectedPrefix}${shardStem(plan)}.tar`
/** Key of the `i`-th of them: digits only, unique among the rejected pictures of a dataset. */
export const rejectedKeyOf = (plan: number, i: number): string =>
  `${shardStem(plan)}${String(i).padStart(3, '0')}`
export const parquetName = (stem: string): string => `${stem}.parquet`
export const statsName = (stem: string): string => `${stem}_stats.json`
export const entryName = (stem: string): string => `${entriesPrefix}${stem}.json`
export const planName = (plan: number): string => `${plansPrefix}${String(plan).padStart(5, '0')}.json`

export const pageFileName = (file: number): string => `${pagesPrefix}${shardStem(file)}.parquet`
export const pageEntryName = (file: number): string => `${pageEntriesPrefix}${shardStem(file)}.json`
export const generationName = (generation: number): string =>
  `${generationsPrefix}${String(generation).padStart(6, '0')}.json`

/** `token` is random: two attempts at one batch never share a name. */
export function partName(batch: string, token: string): string {
  return `${partsPrefix}${batch}-${token}.tar`
}

/** Folders in which there is nothing but files of shards. */
export const shardFolders = [...Object.values(embeddingPrefixes), rejectedPrefix] as const

/** Whether a name beside the shards, or in a folder of theirs, looks like part of a shard: such a file must be named by an entry. */
export function isShardFile(name: string): boolean {
  if (shardFolders.some((prefix) => name.startsWith(prefix))) return true
  return !name.includes('/') && /(?:\.tar|\.tar\.idx|\.parquet|_stats\.json)$/.test(name)
}

/** Whether a dataset has a file or folder of this name at its top, or a later version's will: what must not be a stranger's. */
export function isDatasetName(name: string): boolean {
  return datasetNames.has(name) || datasetPatterns.some((pattern) => pattern.test(name))
}

const datasetNames: ReadonlySet<string> = new Set([
  ...[manifestName, sizesName, widsName, cardName, croissantName, reportName],
  ...['pages', 'img_emb', 'text_emb', 'metadata', 'rejected', '.nv-meta'],
])

/** Shards of five digits or more, with all that lies beside them; img2dataset names its own so too. */
const datasetPatterns = [/^\d{5}.*\.(?:tar|parquet|idx)$/s, /_stats\.json$/, /^ledger.*\.parquet$/s]

/** Digits of a sample's number within its shard: enough for the largest shard, at least one. */
export function keyDigits(shardSize: number): number {
  return String(Math.max(0, shardSize - 1)).length
}

/** Key of sample `i` of a shard: digits only, unique in the dataset, ascending with `i`. */
export function keyOf(shard: number, i: number, shardSize: number): string {
  return `${shardStem(shard)}${String(i).padStart(keyDigits(shardSize), '0')}`
}
