import { SourceError } from '../source.js'
import { type ByteFile, type OpenedFile, type OpenFile, openLocalFile } from './byte-file.js'
import { type HttpFileDeps, openHttpFile } from './http-file.js'

interface OpenFileDeps extends HttpFileDeps {
  /** Opens `s3://BUCKET/KEY`; null = there is no such object. */
  readonly openS3: (url: string, signal: AbortSignal) => Promise<ByteFile | null>
}

/** Opens a file of this machine, one behind an http(s) URL, or an object in S3. */
export function fileOpener(deps: OpenFileDeps): OpenFile {
  return async (place, signal) => {
    if (/^https?:\/\//i.test(place)) return await openHttpFile(deps, place, signal)
    if (place.startsWith('s3://')) return await openS3File(deps.openS3, place, signal)
    return await openLocalFile(place, signal)
  }
}

async function openS3File(
  openS3: OpenFileDeps['openS3'],
  url: string,
  signal: AbortSignal,
): Promise<OpenedFile> {
  const failed = (error: unknown): never => {
    signal.throwIfAborted()
    if (!(error instanceof Error)) throw error
    throw new SourceError(error.message, error)
  }
  const object = await openS3(url, signal).catch(failed)
  if (object === null) return { kind: 'absent', detail: 'there is no such object' }
  const bytes: ByteFile['bytes'] = async function* (from, during) {
    try {
      yield* object.bytes(from, during)
    } catch (error) {
      failed(error)
    }
  }
  return { kind: 'file', file: { ...object, bytes } }
}
