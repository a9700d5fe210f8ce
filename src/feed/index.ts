export { type Catalog, DatasetUnusable, liveOf, readCatalog, readFedManifest } from './catalog.js'
export { DatasetReader, orderedSources, type ReaderOptions } from './dataset-reader.js'
export { defaultWindowShards, type FedShard, type Slot } from './epoch.js'
export { Follower, type TakenBack } from './follower.js'
export { keepWhere } from './kept-where.js'
export { LiveSamples } from './live.js'
export { type MixturePart, mixtureProblem, readMixture } from './mixture.js'
export { type OpenPlace, openPlace } from './open-place.js'
export { epochOrder, type OrderedSource, type Turn, turnsOf } from './order.js'
export { type OrderFigures, orderFigures } from './order-figures.js'
export { type FeedPlace, folderPlace } from './place.js'
export {
  type Consumer,
  consumers,
  loadersText,
  openClipRecipe,
  placeProblem,
  type Recipe,
  type RecipeFacts,
  type RecipePlace,
  type RecipeSet,
  readersOf,
  recipeSetOf,
  recipesOf,
  type SourceCount,
  webdatasetLinks,
} from './recipes/index.js'
export type { CaptionWish, FeedSample } from './sample.js'
export { BrokenSample } from './sample-files.js'
export { alone, isShareOf, type Reader, readerProblem } from './share.js'
export type { FeedSource } from './source-reader.js'
export { type FeedState, readState } from './state.js'
export { turnWeights } from './turns.js'
