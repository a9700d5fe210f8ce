export { htmlDocument, jsonInHtml, type PageParts, policyOf, readPageParts } from './document.js'
export type { Card, ExplorerAccess, PageData, ReportData } from './page-data.js'
