export { type Committed, readCommitted } from './committed.js'
export {
  type CuratedFrom,
  type Curation,
  curateName,
  readCuration,
  writeCuration,
} from './curated.js'
export {
  type DatasetInfo,
  type Described,
  descriptionFiles,
  manifestPages,
  readManifest,
  summarise,
} from './dataset.js'
export { DatasetSource, type NumberedShard, numberRows, type RowChanges } from './dataset-source.js'
export { type RowDecision, readDecisions } from './decisions.js'
export { compileDataset, Description } from './description.js'
export {
  planStems,
  readEntries,
  readEntry,
  readPlans,
  type ShardEntry,
  type ShardFile,
  stemOf,
  writePlan,
} from './entry.js'
export { executePlan, type ShardsOf, type WriteDeps, writeShards } from './execute.js'
export type { Field, FieldType } from './field.js'
export { clearScratch, folderStore } from './folder-store.js'
export {
  acceptable,
  changeText,
  changeUnderWay,
  type Generation,
  generationSchema,
  type Held,
  openChange,
  readGeneration,
  readGenerations,
  writeGeneration,
} from './generation.js'
export { mergeHistograms, type ScoreHistogram } from './histogram.js'
export {
  cardName,
  embeddingNames,
  entriesPrefix,
  entryName,
  generationName,
  generationsPrefix,
  isDatasetName,
  isShardFile,
  keyDigits,
  keyOf,
  manifestName,
  pageEntryName,
  pageFileName,
  pagesPrefix,
  parquetName,
  partName,
  partsPrefix,
  planName,
  plansPrefix,
  rejectListName,
  reportName,
  retractedName,
  shardStem,
  sizesName,
  statsName,
  tarIndexName,
  tarName,
  widsName,
} from './layout.js'
export { type DatasetSummary, type Manifest, manifestSchema } from './manifest.js'
export { parseNpyHeader } from './npy.js'
export { openStore, type StoreSurroundings } from './open-store.js'
export { lastPageFile, type PageEntry, readPageEntries } from './page-entry.js'
export { type PageFile, pageFields, readPages, writePageFile } from './page-file.js'
export { type PairAnswer, pairOf, readPair, type StoredPair } from './pair.js'
export { readPairs } from './pairs.js'
export { type ParquetRow, readParquet } from './parquet-reader.js'
export {
  type KeptImage,
  type PartIndex,
  type PartReceipt,
  type PartRow,
  readPart,
  writePart,
} from './part.js'
export { type Plan, type PlanPart, planShards, type ShardPlan, shardCount } from './plan.js'
export { type Problem, UnreadableDataset } from './problem.js'
export { type Built, putBuilt } from './read-back.js'
export { readShard, type ShardSample } from './reader.js'
export { recordColumns } from './record-row.js'
export { encodeRejectFile, type RejectFile, readRejectFile, storeRejectFile } from './reject-file.js'
export { type RejectedPicture, readRejectedPictures } from './rejected-reader.js'
export {
  encodeRetracted,
  mergeRetracted,
  parseRetracted,
  type Retracted,
  readRetracted,
} from './retracted.js'
export { rewritePages } from './rewrite/pages.js'
export type { Retouch } from './rewrite/parquet.js'
export { type RewrittenShard, rewriteShard, type ShardChange } from './rewrite/shard.js'
export { type RowCounts, type RowRule, surveyPages, surveyShard } from './rewrite/survey.js'
export { type DatasetRow, readRows } from './rows.js'
export { S3Error } from './s3/fault.js'
export type { S3Settings } from './s3/link.js'
export { objectPlace, openS3Object, type S3Object } from './s3/object.js'
export { defaultPace, type S3Pace } from './s3/pace.js'
export { presignObjects, type SignedUrls } from './s3/presign.js'
export { type S3StoreOptions, s3Store } from './s3-store.js'
export { type SampleRecord, sampleFields } from './sample-record.js'
export { seededIntegers, shuffle } from './seeded.js'
export { copyOf, readSnapshot, type Snapshot } from './snapshot.js'
export { type Standing, standingIn, standingProblem } from './standing.js'
export type { LocalCopy, PutOptions, PutOutcome, Store, StoredName } from './store.js'
export { SumThread } from './sum-thread.js'
export { sumFile } from './summed-file.js'
export type { Summer } from './sums.js'
export { removePlanParts, strayAgeMs, sweepParts } from './sweep.js'
export { encodeHeader, paddingBytes, TarError } from './tar.js'
export { decodeTarIndex } from './tar-index.js'
export { membersOf } from './tar-piece.js'
export { type Verification, type VerifyProgress, verifyDataset } from './verify.js'
export { finalShards, type OpenPart, type Window, type WindowRules, windowOf } from './window.js'
