export { type Catalogue, type Drawing, loadCatalogue, type Subject } from './catalogue.js'
export type { DemoSize } from './options.js'
export { type RemoteDemoWeb, startDemoProcess } from './remote.js'
export { renderTruthScore } from './report.js'
export { demoPackages, demoProblem } from './sets.js'
export { heldOutStyle, type Style, type StyleName, styleNames, styles, trainingStyles } from './styles.js'
export {
  isRight,
  type ScoredRow,
  type Shown,
  scoreAgainstTruth,
  type Truth,
  type TruthScore,
} from './truth.js'
export { type DemoOptions, type DemoWeb, defaultDemoOptions, planDemoWeb, startDemoWeb } from './web.js'
