export { type Committed, readCommitted } from './committed.js'
export { type CuratedFrom, type Curation, curateName, readCuration, writeCuration } from './curated.js'
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
export { planStems, readEntries, readEntry, readPlans, type ShardEntry, stemOf, writePlan } from './entry.js'
export { executePlan, writeShards } from './execute.js'
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
export {
  embeddingNames,
  entriesPrefix,
  entryName,
  generationName,
  generationsPrefix,
  isDatasetName,
  keyDigits,
  keyOf,
  manifestName,
  pageEntryName,
  pageFileName,
  parquetName,
  partName,
  partsPrefix,
  rejectListName,
  reportName,
  retractedName,
  shardStem,
  statsName,
  tarIndexName,
  tarName,
} from './layout.js'
export { type DatasetSummary, type Manifest, manifestSchema } from './manifest.js'
export { parseNpyHeader } from './npy.js'
export { openStore } from './open-store.js'
export { lastPageFile, type PageEntry, readPageEntries } from './page-entry.js'
export { type PageFile, pageFields, readPages, writePageFile } from './page-file.js'
export { type PairAnswer, pairOf, readPair, type StoredPair } from './pair.js'
export { readPairs } from './pairs.js'
export { type ParquetRow, readParquet } from './parquet-reader.js'
export { type PartIndex, type PartReceipt, type PartRow, readPart, writePart } from './part.js'
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
export { rewriteShard, type ShardChange } from './rewrite/shard.js'
export { type RowRule, surveyPages, surveyShard } from './rewrite/survey.js'
export { readRows } from './rows.js'
export { S3Error } from './s3/fault.js'
export type { S3Settings } from './s3/link.js'
export { objectPlace, openS3Object } from './s3/object.js'
export { defaultPace, type S3Pace } from './s3/pace.js'
export { presignObjects } from './s3/presign.js'
export { type S3StoreOptions, s3Store } from './s3-store.js'
export { type SampleRecord, sampleFields } from './sample-record.js'
export { shuffle } from './seeded.js'
export { copyOf, readSnapshot, type Snapshot } from './snapshot.js'
export { type Standing, standingIn, standingProblem } from './standing.js'
export type { LocalCopy, PutOptions, Store } from './store.js'
export { SumThread } from './sum-thread.js'
export { sumFile } from './summed-file.js'
export type { Summer } from './sums.js'
export { removePlanParts, strayAgeMs, sweepParts } from './sweep.js'
export { encodeHeader, paddingBytes, TarError } from './tar.js'
export { decodeTarIndex } from './tar-index.js'
export { membersOf } from './tar-piece.js'
export { type Verification, type VerifyProgress, verifyDataset } from './verify.js'
export { finalShards, type Window, windowOf } from './window.js'
