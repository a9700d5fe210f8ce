/** What `import ... from 'pairmill'` gives; described in docs/library.md. Nothing else of this package can be imported. */
export type { ExtractedPage } from '../crawl/index.js'
export { type CaptionWish, DatasetUnusable, type FeedSample, type FeedState } from '../feed/index.js'
export {
  type ClassEmbedding,
  type ClassScore,
  classify,
  embedClasses,
  photoTemplates,
  promptsOf,
} from '../filter/index.js'
export type { Candidate, Caption } from '../records/index.js'
export {
  type Problem,
  readShard,
  type ShardSample,
  TarError,
  UnreadableDataset,
  type Verification,
} from '../shard/index.js'
export { type VerifyOptions, verifyDataset } from './dataset.js'
export { type Model, type ModelOptions, ModelUnusable, openModel, type Undecodable } from './model.js'
export { type DatasetOptions, type DatasetPart, type OpenDataset, openDataset } from './open-dataset.js'
export { extractPage, type PageOptions } from './page.js'
