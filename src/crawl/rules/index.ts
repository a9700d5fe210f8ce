export type { PageRule, RuledPage, RuleOf } from './page-rule.js'
export { loadRulesSchema } from './parse-rules.js'
export { createRuleBook, type RuleBook } from './rule-book.js'
export type { SiteRule } from './site-rule.js'
