export { type BrowserPlaces, locateBrowser } from './find-browser.js'
export { type Ask, type GuardRefusal, type GuardReport, guardRefusals } from './guard-rules.js'
export { type JoinedPage, joinRendered } from './join.js'
export {
  noEvidence,
  type RenderDecision,
  type RenderEvidence,
  type RenderLesson,
  type RenderMode,
  type RenderTally,
  renderDecision,
  withLesson,
} from './policy.js'
export {
  defaultRenderLimits,
  type RenderFailure,
  type RenderJob,
  type RenderLimits,
  type RenderOutcome,
  renderFailures,
} from './render-page.js'
export { createRenderer, type Renderer, type RendererOptions } from './renderer.js'
export type { RenderSign } from './signs.js'
