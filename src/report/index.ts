export { jsonInHtml, type PageParts, readPageParts, reportDocument } from './document.js'
export {
  type Embedder,
  Explored,
  Figures,
  type FiguresDeps,
  isLoopback,
  type LiveRun,
  Newest,
  type OpenEmbedder,
  RejectedPictures,
  type RouteDeps,
  Search,
  scanThreads,
  serveExplorer,
  VectorIndex,
} from './explore/index.js'
export type { Meanings } from './meanings.js'
export type { ReportData } from './page-data.js'
export { type NotShown, type ReportCall, readReport } from './report.js'
export { setReportAside } from './set-aside.js'
export { type NotWritten, placeProblem, writeReport } from './write.js'
