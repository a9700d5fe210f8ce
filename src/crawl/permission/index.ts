export { allOptOuts, type OptOutRules, type Refusal } from './opt-outs.js'
export { headRefusal, type PageVerdict, pageVerdict } from './page.js'
export { aiTxtRefusal, robotsUsageRefusal, siteFiles, tdmRefusal } from './site.js'
export { parseTdmRules } from './tdm.js'
