import { type ArchiveDeps, archiveReader } from './archive/archive-reader.js'
import { listReader } from './list-source.js'
import type { Source, SourceReader } from './source.js'

/** What reads a source. Nothing is opened before it is asked. */
export function openSource(source: Source, deps: ArchiveDeps): SourceReader {
  switch (source.kind) {
    case 'list':
      return listReader(source)
    case 'archive':
      return archiveReader(source, deps)
  }
}
