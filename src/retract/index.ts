export { type Held, holdDataset, type Refused, type Whereabouts } from './hold.js'
export { type Named, type NamedKind, namedInList, namedKinds, namedOf } from './named.js'
export {
  type ReportPage,
  type RetractHooks,
  type RetractReport,
  type RetractStep,
  type RetractWish,
  retract,
} from './retract.js'
