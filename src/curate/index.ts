export { type CaptionChoice, captionChoices, type TextModel } from './caption.js'
export {
  type CurateDeps,
  type CurateEnd,
  type CurateSource,
  curate,
  type Steps,
} from './curate.js'
export {
  type CurateRequest,
  defaultBy,
  type Grouping,
  groupings,
  parseUids,
  requestProblem,
  type Side,
  type Top,
} from './request.js'
export type { CuratedSet, CurateProgress } from './write.js'
