export { type ArchiveSource, type RecordFault, type RecordSkip, recordFaults } from './archive/archive.js'
export type { ByteFile, OpenFile } from './archive/byte-file.js'
export { startBytes } from './archive/byte-file.js'
export { fileOpener } from './archive/open-file.js'
export {
  type ListColumns,
  type ListFormat,
  type ListRow,
  type ListSource,
  listFormats,
  type RowSkipReason,
  rowSkipReasons,
} from './list.js'
export { listProblem, readList } from './list-reader.js'
export { openSource, sourceName, sourcePlace } from './open-source.js'
export {
  type Source,
  SourceError,
  type SourceProblem,
  type SourceReader,
  type SourceSkip,
  type SourceStep,
} from './source.js'
