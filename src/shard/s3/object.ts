import { createHash } from 'node:crypto'
import { isS3Url, parseS3Url, type S3Location } from '../../records/index.js'
import { readFirst, readPiece, type Version } from './download.js'
import { openLink, type S3Settings } from './link.js'
import { defaultPace, type S3Pace } from './pace.js'

/** One object, read from any byte on. */
interface S3Object {
  /** Version that tells it from any other object that may lie under its key another time. */
  readonly version: string
  /** Its first bytes, as many as were asked for, or fewer where it has fewer. */
  readonly start: Buffer
  /** To its end, in pieces. Throws an S3Error where it cannot be read, or was written over meanwhile. */
  bytes(from: number, signal: AbortSignal): AsyncIterable<Buffer>
  close(): Promise<void>
}

/** Asked for at a time, and so held. */
const pieceBytes = 4 * 1024 * 1024

/** Opens `s3://BUCKET/KEY`; null = there is no such object. Throws an S3Error where that cannot be said, or the URL names none. */
export async function openS3Object(
  url: string,
  startBytes: number,
  settings: S3Settings,
  signal: AbortSignal,
  pace: S3Pace = defaultPace,
): Promise<S3Object | null> {
  const place = objectPlace(url)
  if ('problem' in place) throw new Error(place.problem)
  const { location, name } = place
  const link = await openLink(location, settings, pace)
  const close = async () => link.client.destroy()
  try {
    const buffer = Buffer.alloc(startBytes)
    const found = await readFirst(link, name, buffer, signal)
    if (found === null) {
      await close()
      return null
    }
    return {
      version: versionOf(found),
      start: buffer.subarray(0, Math.min(startBytes, found.size)),
      bytes: (from, during) => pieces(from, during, found),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }

  async function* pieces(from: number, during: AbortSignal, version: Version): AsyncGenerator<Buffer> {
    for (let offset = from; offset < version.size; offset += pieceBytes) {
      const size = Math.min(pieceBytes, version.size - offset)
      const piece = Buffer.allocUnsafe(size)
      await readPiece(link, name, version, { offset, size }, piece, during)
      yield piece
    }
  }
}

/** The bucket and folder of an object, and its name in it. */
export function objectPlace(
  url: string,
): { readonly location: S3Location; readonly name: string } | { readonly problem: string } {
  const slash = url.lastIndexOf('/')
  const name = url.slice(slash + 1)
  const problem = { problem: `expected s3://BUCKET/KEY, got '${url}'` }
  if (!isS3Url(url) || name === '' || slash < 's3://b'.length) return problem
  const location = parseS3Url(url.slice(0, slash))
  return 'problem' in location ? location : { location, name }
}

function versionOf({ etag, size }: Version): string {
  return `${size}-${createHash('sha256').update(etag).digest('hex').slice(0, 16)}`
}
