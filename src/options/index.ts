export { type ConfigFile, parseConfigFile } from './config-file.js'
export { contactPattern, withContact } from './contact.js'
export { nearest } from './nearest.js'
export type { Taker } from './option.js'
export { backendOf, type GivenOptions, modelOf, parseRunOptions } from './parse.js'
export { joinedLists } from './reject.js'
export { differencesOf, limitsOf, type OptionDifference, olderOptions, storedOptions } from './resume.js'
export { flagOfField, givenFields, type RunOptions } from './run-options.js'
export {
  defaultOf,
  defaultText,
  flagOf,
  type OptionKey,
  optionKeys,
  optionOf,
  type ProgressStyle,
  progressStyles,
} from './table.js'
