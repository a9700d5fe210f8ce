export { normalizePattern, robotsPath } from './pattern.js'
export {
  fetchRobots,
  fetchSiteFile,
  type LastingFailure,
  type RobotsRecord,
  type RobotsVerdict,
  robotsVerdict,
} from './record.js'
export { mostSpecific, type RuleSet, ruleSet } from './rule-set.js'
export { decidingRule, decidingUsage, parseRobots, type RobotsRules } from './rules.js'
