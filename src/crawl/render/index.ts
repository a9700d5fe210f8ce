export { locateBrowser } from './find-browser.js'
export { type Ask, type GuardReport, guardRefusals } from './guard-rules.js'
export { joinRendered } from './join.js'
export {
  noEvidence,
  type RenderEvidence,
  type RenderLesson,
  type RenderMode,
  type RenderTally,
  renderDecision,
  withLesson,
} from './policy.js'
export { type RenderFailure, type RenderOutcome, renderFailures } from './render-page.js'
export { createRenderer, type Renderer, type RendererOptions } from './renderer.js'
export type { RenderSign } from './signs.js'
