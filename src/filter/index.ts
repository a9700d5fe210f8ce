export { anyPicture, modelView } from './any-picture.js'
export {
  type BatchDeps,
  type BatchItem,
  type BatchResult,
  type BatchRow,
  filterBatch,
  judgeCaptions,
  scoreBin,
} from './batch.js'
export { type CaptionVerdict, chooseCaptions, type JudgedCaption } from './choice.js'
export {
  type Clip,
  type DownloadProgress,
  type ModelError,
  openClip,
  type Precision,
  type Preprocessing,
  type Provider,
  precisions,
  resolveModel,
} from './clip/index.js'
export { decodeImage, encodeStored } from './codec.js'
export {
  type Concept,
  type ConceptTagger,
  conceptsSchema,
  createTagger,
  defaultConcepts,
} from './concepts.js'
export type { Develop, Developed, DevelopOutcome, Recipe } from './develop.js'
export { createDevelopApart } from './develop-apart.js'
export { createDevelopThreads, type DevelopThreads } from './develop-threads.js'
export { imageSize } from './dimensions.js'
export { headerVerdict, type ImageReason, type ImageRejected } from './header.js'
export type { Decoded } from './image.js'
export type { FetchImage, ImageFetched, InspectPrefix } from './image-source.js'
export { crashedRow, textRejectRow } from './judged.js'
export * from './language.js'
export { loadModel } from './load-model.js'
export * from './options.js'
export { hammingDistance, perceptualHash } from './phash.js'
export { sniffBytes, sniffImage } from './sniff.js'
export * from './text.js'
export { createTextJudge, type TextJudge, type TextOptions } from './text-verdict.js'
export { isWholeImage } from './whole-image.js'
export * from './zero-shot.js'
