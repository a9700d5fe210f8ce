import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { messageOf, shownUrl } from '../../../records/index.js'
import { SourceError } from '../source.js'
import type { ByteFile } from './byte-file.js'
import { memberBeginning } from './gzip-member.js'
import { startsRecord } from './warc-record.js'

/** Where Common Crawl's paths lead that are not read from where they lie (https://commoncrawl.org/get-started). */
const commonCrawlBase = 'https://data.commoncrawl.org/'

/** Common Crawl's longest lists have 100,000 paths, 14 MB in plain. */
const maxListBytes = 64 * 1024 * 1024
const maxPathLength = 4096

/** Files that hold archives, or whole collections of them, and are not read; by their first bytes, and of zip files by their name. */
const otherArchives: readonly {
  readonly isOne: (start: Buffer, place: string) => boolean
  readonly why: string
}[] = [
  {
    // A frame (RFC 8878), or one that is passed over: `.warc.zst` begins with its dictionary in such a one.
    isOne: (start) =>
      start.length >= 4 &&
      (start.readUInt32LE(0) === 0xfd2fb528 || start.readUInt32LE(0) >>> 4 === 0x0184d2a5),
    why: 'it is compressed with zstd, which is not read here: unfold it, or compress it with gzip',
  },
  {
    isOne: (start, place) => start.toString('latin1', 0, 2) === 'PK' && /\.wacz(?:[?#]|$)/i.test(place),
    why: 'it is a WACZ file, which is not read here: unzip it, and name the .warc.gz files in its folder archive',
  },
]

/** Kind of a file by its first bytes; where these are broken its name decides. `why`: it is neither. */
export function kindOfFile(
  place: string,
  start: Buffer,
): { readonly kind: 'archive' | 'paths' } | { readonly kind: 'neither'; readonly why: string } {
  const other = otherArchives.find(({ isOne }) => isOne(start, place))
  if (other !== undefined) return { kind: 'neither', why: other.why }
  const text = memberBeginning(start) ?? start
  const first = text.subarray(text.findIndex((byte) => byte !== 0x0d && byte !== 0x0a))
  if (startsRecord(first)) return { kind: 'archive' }
  if (/\.(?:warc|wat)(?:\.gz)?(?:[?#]|$)/i.test(place)) return { kind: 'archive' }
  const [line = ''] = text.toString('latin1', 0, maxPathLength).trimStart().split(/\r?\n/, 1)
  if (/^[\w./:%+@=~&?#-]+$/.test(line) && /[./]/.test(line)) return { kind: 'paths' }
  return { kind: 'neither', why: 'it is neither a WARC or WAT file nor a list of their paths' }
}

/** The lines of a list of paths, in order. Throws a SourceError where it is no such list after all. */
export async function readPaths(
  place: string,
  file: ByteFile,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of file.bytes(0, signal)) {
    pieces.push(piece)
    length += piece.length
    if (length > maxListBytes) throw new SourceError(`${shownUrl(place)} is too long for a list of paths`)
  }
  const bytes = Buffer.concat(pieces)
  const isGzip = memberBeginning(bytes) !== null
  const text = isGzip ? await unfolded(place, bytes) : bytes
  return text.toString('utf8').split(/\r?\n/)
}

async function unfolded(place: string, bytes: Buffer): Promise<Buffer> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: maxListBytes })
  } catch (error) {
    const why = messageOf(error)
    throw new SourceError(`${shownUrl(place)} cannot be unfolded: ${why}`, error)
  }
}

/**
 * The place that a line of a list means; null = none that may be read. Relative paths are taken from `base` where it is given. Without it
 * those that begin with `crawl-data/`, as Common Crawl's do, are taken from where its tree of that name begins in the list's own place, else
 * from Common Crawl; all others from where the list lies.
 *
 * The author of a list has no right to the user's files, nor to the user's credentials: a list on the web or in S3 names no file of this machine, and
 * objects in S3 are named by a list that lies there too. What lies under `base` any list may name: that is the user's word.
 */
export function resolvePath(line: string, list: string, base: string | null): string | null {
  const path = line.trim()
  if (path === '' || path.length > maxPathLength || /\p{Cc}/u.test(path)) return null
  if (/^https?:\/\/./i.test(path)) return path
  const goesUp = path.split('/').includes('..')
  const isUnderBase = base !== null && path.startsWith(base) && !goesUp
  if (namesS3(path)) return isUnderBase || list.startsWith('s3://') ? path : null
  if (/^[a-z][a-z0-9+.-]*:/i.test(path)) return null
  const root = base ?? rootOf(path, list)
  if (path.startsWith('/')) return isUnderBase || (isLocal(root) && isLocal(list)) ? path : null
  return goesUp ? null : `${root}${path}`
}

/** Whether a path in a list means an object in S3, in the one spelling of its scheme that is read. */
export function namesS3(path: string): boolean {
  return /^s3:\/\/./.test(path.trim())
}

const isLocal = (place: string): boolean => !/^[a-z][a-z0-9+.-]*:\/\//i.test(place)

const tree = 'crawl-data/'

function rootOf(path: string, list: string): string {
  if (path.startsWith(tree)) {
    const at = list.indexOf(`/${tree}`)
    return at < 0 ? commonCrawlBase : list.slice(0, at + 1)
  }
  const [place = ''] = list.split(/[?#]/, 1)
  return place.slice(0, place.lastIndexOf('/') + 1)
}
