export { normalizePattern, patternMatches, robotsPath } from './pattern.js'
export {
  fetchRobots,
  fetchSiteFile,
  type LastingFailure,
  type RobotsRecord,
  type RobotsVerdict,
  robotsVerdict,
} from './record.js'
export { decidingRule, parseRobots, type RobotsRule, type RobotsRules, type UsageRule } from './rules.js'
