export {
  type Clip,
  type ClipModel,
  type ClipOptions,
  type ClipPair,
  openClip,
  type PairScore,
} from './clip.js'
export { cosineOf } from './cosine.js'
export type { DownloadProgress, HubFetch, HubResponse } from './hub.js'
export { type ModelDeps, type ModelError, type ModelFiles, resolveModel } from './model.js'
export { defaultModelName, namedModels } from './named.js'
export { type Precision, precisions } from './precision.js'
export type { Preprocessing } from './preprocess.js'
export { type Provider, providers } from './provider.js'
export type { RgbImage } from './resample.js'
export { ClipLost } from './thread-jobs.js'
