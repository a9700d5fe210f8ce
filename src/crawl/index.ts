export { charsetParameter, decodeHtml } from './charset.js'
export { type ExtractedPage, type ExtractOptions, extractPage } from './extract/index.js'
export { type Page, type PageSkipReason, pageSkipReasons, type VisitOutcome } from './page.js'
export {
  fetchRobots,
  type LastingFailure,
  parseRobots,
  type RobotsRecord,
  type RobotsRule,
  type RobotsRules,
  type RobotsVerdict,
  robotsVerdict,
} from './robots/index.js'
export {
  anchorOf,
  patternError,
  patternMatches,
  type Scope,
  type ScopeRules,
  type ScopeVerdict,
  scopeVerdict,
} from './scope.js'
export { canonicalUrl, hostOf } from './url.js'
export { defaultVisitOptions, type VisitDeps, type VisitOptions, visit } from './visit.js'
