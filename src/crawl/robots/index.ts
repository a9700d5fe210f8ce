export {
  fetchRobots,
  type LastingFailure,
  type RobotsRecord,
  type RobotsVerdict,
  robotsVerdict,
} from './record.js'
export { parseRobots, type RobotsRule, type RobotsRules } from './rules.js'
