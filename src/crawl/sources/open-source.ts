import { type ArchiveDeps, archiveReader } from './archive/archive-reader.js'
import { listReader } from './list-source.js'
import type { Source, SourceReader } from './source.js'

/** All that decides what a source gives: a run knows it by this. Pure. */
export function sourceName(source: Source): string {
  switch (source.kind) {
    case 'list': {
      const { kind, path, format, gzip, columns } = source
      const { url, caption, page, licence } = columns
      return JSON.stringify([kind, path, format, gzip, url, caption, page, licence])
    }
    case 'archive':
      return JSON.stringify([source.kind, source.place, source.base])
  }
}

/** The path or URL of a source, by its name; the name itself where it is none. Pure. */
export function sourcePlace(name: string): string {
  const place = /^\["\w+",("(?:[^"\\]|\\.)*")/.exec(name)?.[1]
  return place === undefined ? name : String(JSON.parse(place))
}

/** Makes the reader of a source. Nothing is opened before it is asked. */
export function openSource(source: Source, deps: ArchiveDeps): SourceReader {
  switch (source.kind) {
    case 'list':
      return listReader(source)
    case 'archive':
      return archiveReader(source, deps)
  }
}
