export {
  type ListColumns,
  type ListFormat,
  type ListRow,
  type ListSource,
  listFormats,
  type RowSkipReason,
  rowSkipReasons,
} from './list.js'
export { listDigest, listProblem, readList } from './list-reader.js'
