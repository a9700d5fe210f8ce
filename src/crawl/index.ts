export { charsetParameter, decodeHtml } from './charset/index.js'
export { type ExtractOptions, extractPage, type ReadPage } from './extract/index.js'
export { type LinkVerdict, type PageTrace, type PictureTrace, pageTrace } from './inspect/page-trace.js'
export {
  type ExtractedPage,
  type Page,
  type PageSkipReason,
  type PageSource,
  pageSkipReasons,
  type VisitOutcome,
} from './page.js'
export { pageSize } from './page-room.js'
export type { PageShape } from './page-shape.js'
export {
  aiTxtRefusal,
  allOptOuts,
  headRefusal,
  type OptOutRules,
  parseTdmRules,
  type Refusal,
  robotsUsageRefusal,
  siteFiles,
  tdmRefusal,
} from './permission/index.js'
export { askedPauseMs, latencyDelayMs, overloadDelayMs, renderPauseMs, workDelayMs } from './politeness.js'
export {
  type Ask,
  createRenderer,
  type GuardReport,
  guardRefusals,
  joinRendered,
  locateBrowser,
  noEvidence,
  type RenderEvidence,
  type Renderer,
  type RenderFailure,
  type RenderLesson,
  type RenderMode,
  type RenderOutcome,
  type RenderTally,
  renderDecision,
  renderFailures,
  withLesson,
} from './render/index.js'
export {
  fetchRobots,
  fetchSiteFile,
  type LastingFailure,
  parseRobots,
  type RobotsRecord,
  type RobotsRules,
  type RobotsVerdict,
  robotsVerdict,
} from './robots/index.js'
export { createRuleBook, loadRulesSchema, type SiteRule } from './rules/index.js'
export { anchorOf, domainOf, type ScopeRules, type ScopeVerdict, scopeVerdict } from './scope.js'
export { absentPath, isLikeAbsent, shapeOf, speaksOfAbsence } from './soft-404.js'
export * from './sources/index.js'
export { atOnce, createTurns, inSlices, type Steps, type Turn } from './steps.js'
export {
  type LinkedFrom,
  pageDigest,
  type TrapReason,
  trapReasons,
  trapVerdict,
  withoutSession,
} from './trap.js'
export { canonicalUrl } from './url.js'
export { defaultVisitOptions, type VisitDeps, type VisitOptions, visit } from './visit.js'
