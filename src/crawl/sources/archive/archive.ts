/**
 * A web archive, or a list of their paths (Common Crawl's `warc.paths.gz`, `wat.paths.gz`): which of them is seen when it is read. Plain
 * JSON; it is stored with its run.
 */
export interface ArchiveSource {
  readonly kind: 'archive'
  /** An absolute path, `http(s)://...` or `s3://BUCKET/KEY`. */
  readonly place: string
  /** Base of the paths of a list, ends with `/`; null = see `resolvePath`. */
  readonly base: string | null
}

/** Records that give no candidates and are as they should be. Counted. */
const plainRecordSkips = [
  'warcinfo',
  'request',
  'metadata',
  'revisit',
  'resource',
  'conversion',
  'other',
  'truncated',
  'not_http',
  'not_html',
  'http_3xx',
  'http_4xx',
  'http_5xx',
  'http_other',
  'empty',
  'opt_out',
  'bad_url',
] as const
export type PlainRecordSkip = (typeof plainRecordSkips)[number]

/** Faults of a record, a piece of an archive, or a line of a list of archives. Counted and listed. */
export const recordFaults = [
  /** A compressed record whose data, checksum or length is broken. */
  'gzip',
  /** The file ends within it. */
  'cut',
  /** No WARC header, or one without what each must have. */
  'malformed',
  /** A header without end. */
  'header_large',
  /** The record is longer or shorter than it says. */
  'length',
  'too_large',
  /** The archived response has no head that could be read. */
  'http_head',
  /** A body that is not coded as the response says. */
  'encoding',
  /** A WAT record without its JSON. */
  'json',
  /** A path in a list that cannot be used. */
  'bad_path',
  /** An archive that a list names and that is not there. */
  'absent',
  /** One that its server does not give. */
  'refused',
  /** A file that is no web archive. */
  'not_warc',
] as const
export type RecordFault = (typeof recordFaults)[number]

export type RecordSkip = PlainRecordSkip | RecordFault

/** A place from which an archive can be read on. */
export interface ArchivePlace {
  /** Byte at which a gzip member begins, or a record of a file that is not compressed. */
  readonly offset: number
  /** Records of that member that are done. */
  readonly skip: number
}
