import type { curate as Curate } from './curate.js'

export { type CaptionChoice, captionChoices, type TextModel } from './caption.js'
export type { CurateDeps, CurateEnd, CurateSource, Steps } from './curate.js'
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
export type { CurateProgress } from './write.js'

/** `curate`, loaded when it is called: every command line asks this room what may be asked of it, and few ask for more. */
export const curate: typeof Curate = async (...call) => (await import('./curate.js')).curate(...call)
