import type { siteRulesSchema } from './site-rule.js'

/** Schema of a list of rules, every selector tried. What reads selectors is loaded by this call: who has no rules does without. */
export async function loadRulesSchema(): Promise<ReturnType<typeof siteRulesSchema>> {
  const [{ selectorProblem }, { siteRulesSchema: schemaOf }] = await Promise.all([
    import('./compile.js'),
    import('./site-rule.js'),
  ])
  return schemaOf(selectorProblem)
}
