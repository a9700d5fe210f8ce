export {
  type BatchDeps,
  type BatchItem,
  type BatchResult,
  type BatchRow,
  crashedRow,
  filterBatch,
  scoreBin,
} from './batch.js'
export {
  type Clip,
  type ClipModel,
  type DownloadProgress,
  type HubFetch,
  openClip,
  resolveModel,
} from './clip/index.js'
export { type HeaderSize, type ImageSize, imageSize } from './dimensions.js'
export {
  type HeaderVerdict,
  headerVerdict,
  type ImageReason,
  type ImageRejected,
  sizeVerdict,
} from './header.js'
export { type Decoded, type DecodeTarget, decodeImage, storedSize } from './image.js'
export type { FetchImage, ImageFetched, InspectPrefix } from './image-source.js'
export * from './language.js'
export { prepareImageLibrary } from './library.js'
export * from './options.js'
export { hammingDistance, perceptualHash } from './phash.js'
export { decodedFormats, type ImageFormat, imageFormats, sniffBytes, sniffImage } from './sniff.js'
export { encodeStored, type StoredImage } from './stored.js'
export * from './text.js'
