export {
  type ArchiveSource,
  type PlainRecordSkip,
  plainRecordSkips,
  type RecordFault,
  type RecordSkip,
  recordFaults,
} from './archive/archive.js'
export type { ArchiveDeps } from './archive/archive-reader.js'
export type { ByteFile, OpenedFile, OpenFile } from './archive/byte-file.js'
export { startBytes } from './archive/byte-file.js'
export { fileOpener, type OpenFileDeps } from './archive/open-file.js'
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
