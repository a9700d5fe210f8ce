import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { CompletedPart } from '@aws-sdk/client-s3'
import type { PutOptions, PutOutcome } from '../store.js'
import { readExactly } from '../tar-reader.js'
import { S3Error, type S3FaultKind } from './fault.js'
import type { S3Link } from './link.js'
import { eachPiece, maxUploadPieces, type Piece, type PieceMemory, pieceBytes, piecesOf } from './pieces.js'

interface S3Writer {
  /** In one request up to a piece's size, else piece by piece. The local file stays. */
  file(name: string, path: string, options: PutOptions, signal: AbortSignal): Promise<PutOutcome>
  bytes(name: string, bytes: Uint8Array, options: PutOptions, signal: AbortSignal): Promise<PutOutcome>
}

/**
 * Each object carries a random mark of the write that made it. An answer can be lost after the store has done its work, and
 * the request that follows then finds the name taken: by the mark a writer knows its own work.
 */
const markName = 'pairmill-write'

export function createWriter(
  link: S3Link,
  { conditional, memory }: { readonly conditional: boolean; readonly memory: PieceMemory },
): S3Writer {
  const put: S3Writer['bytes'] = async (name, bytes, { ifAbsent, sums }, signal) => {
    if (ifAbsent && !conditional && (await headOf(link, name, signal)) !== null) return 'exists'
    const sent = sums === undefined || sums.size !== bytes.length ? null : sums.md5
    return await putObject(link, name, bytes, ifAbsent && conditional, signal, sent)
  }
  return {
    bytes: put,
    async file(name, path, options, signal) {
      const file = await open(path)
      try {
        const { size } = await file.stat()
        if (size > pieceBytes) return await putPieces(name, file, size, options, signal)
        return await memory.use(
          size,
          async (buffer) => {
            await readExactly(file, buffer, size, 0)
            return await put(name, buffer, options, signal)
          },
          signal,
        )
      } finally {
        await file.close()
      }
    },
  }

  async function putPieces(
    name: string,
    file: FileHandle,
    size: number,
    { ifAbsent, sums }: PutOptions,
    signal: AbortSignal,
  ): Promise<PutOutcome> {
    // A look before the bytes are sent; whether the name is free at the end is decided when the upload is completed.
    if (ifAbsent && (await headOf(link, name, signal)) !== null) return 'exists'
    const upload = await beginUpload(link, name, signal)
    try {
      const parts: CompletedPart[] = []
      const pieceSums: Buffer[] = []
      await eachPiece(
        piecesOf(size, maxUploadPieces),
        async (piece, pieceSignal) => {
          const ETag = await memory.use(
            piece.size,
            async (buffer) => {
              await readExactly(file, buffer, piece.size, piece.offset)
              if (sums !== undefined) pieceSums[piece.index] = createHash('md5').update(buffer).digest()
              return await sendPiece(link, upload, piece, buffer, pieceSignal)
            },
            pieceSignal,
          )
          parts[piece.index] = { ETag, PartNumber: piece.index + 1 }
        },
        signal,
        link.onAbort,
      )
      const sent = sums?.size === size ? sumOfPieces(pieceSums) : null
      const outcome = await completeUpload(link, upload, parts, ifAbsent && conditional, signal, sent)
      if (outcome === 'exists') await abandonUpload(link, upload.name, upload.id)
      return outcome
    } catch (error) {
      await abandonUpload(link, upload.name, upload.id)
      throw error
    }
  }
}

/**
 * Writes one object in one request; `create`: only where the name is free, which the store decides. `sent`: the MD5 that proves the write,
 * if the store answers with it; null = nobody asks.
 */
async function putObject(
  link: S3Link,
  name: string,
  bytes: Uint8Array,
  create: boolean,
  signal: AbortSignal,
  sent: string | null = null,
): Promise<PutOutcome> {
  const mark = randomUUID()
  const { PutObjectCommand } = link.sdk
  const command = {
    ...link.object(name),
    Body: bytes,
    ContentLength: bytes.length,
    Metadata: { [markName]: mark },
    ...(create ? { IfNoneMatch: '*' } : {}),
  }
  try {
    const { ETag } = await link.call(
      `writing ${name}`,
      (bounded) => link.client.send(new PutObjectCommand(command), { abortSignal: bounded }),
      { signal },
    )
    return isProof(ETag, sent) ? 'proven' : 'stored'
  } catch (error) {
    if (!create || !isFault(error, 'precondition')) throw error
    return (await headOf(link, name, signal))?.mark === mark ? 'stored' : 'exists'
  }
}

/** Size in bytes and the mark of the write (null = not one of ours); null = there is no such name. */
export async function headOf(
  link: S3Link,
  name: string,
  signal: AbortSignal,
): Promise<{ size: number; mark: string | null } | null> {
  const { HeadObjectCommand } = link.sdk
  try {
    const answer = await link.call(
      `looking for ${name}`,
      (bounded) => link.client.send(new HeadObjectCommand(link.object(name)), { abortSignal: bounded }),
      { signal },
    )
    return { size: answer.ContentLength ?? 0, mark: answer.Metadata?.[markName] ?? null }
  } catch (error) {
    if (isFault(error, 'absent')) return null
    throw error
  }
}

/**
 * Whether the ETag that a store answers with says that it holds what was sent. It is the MD5 of an object, and of one in pieces that of their
 * MD5s with their number, unless the store encrypts: then it is something else, and proves nothing.
 */
function isProof(etag: string | undefined, sent: string | null): boolean {
  return sent !== null && etag?.replaceAll('"', '').toLowerCase() === sent
}

function sumOfPieces(sums: readonly Buffer[]): string {
  return `${createHash('md5').update(Buffer.concat(sums)).digest('hex')}-${sums.length}`
}

interface Upload {
  readonly name: string
  readonly id: string
  readonly mark: string
}

/** Not cancelled half-way: an upload whose id nobody knows cannot be taken back. */
async function beginUpload(link: S3Link, name: string, signal: AbortSignal): Promise<Upload> {
  const mark = randomUUID()
  const { CreateMultipartUploadCommand } = link.sdk
  signal.throwIfAborted()
  const { UploadId } = await link.call(
    `beginning to write ${name}`,
    (bounded) =>
      link.client.send(
        new CreateMultipartUploadCommand({ ...link.object(name), Metadata: { [markName]: mark } }),
        { abortSignal: bounded },
      ),
    { signal: new AbortController().signal },
  )
  if (UploadId === undefined) throw new Error(`${link.location.url}: an upload of ${name} that has no id`)
  return { name, id: UploadId, mark }
}

async function sendPiece(
  link: S3Link,
  { name, id }: Upload,
  piece: Piece,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<string> {
  const { UploadPartCommand } = link.sdk
  const command = {
    ...link.object(name),
    UploadId: id,
    PartNumber: piece.index + 1,
    Body: bytes,
    ContentLength: bytes.length,
  }
  const { ETag } = await link.call(
    `writing ${name} from byte ${piece.offset}`,
    (bounded) => link.client.send(new UploadPartCommand(command), { abortSignal: bounded }),
    { signal },
  )
  if (ETag === undefined) throw new Error(`${link.location.url}: a piece of ${name} that has no ETag`)
  return ETag
}

async function completeUpload(
  link: S3Link,
  upload: Upload,
  parts: readonly CompletedPart[],
  create: boolean,
  signal: AbortSignal,
  sent: string | null,
): Promise<PutOutcome> {
  const { CompleteMultipartUploadCommand } = link.sdk
  const command = {
    ...link.object(upload.name),
    UploadId: upload.id,
    MultipartUpload: { Parts: [...parts] },
    ...(create ? { IfNoneMatch: '*' } : {}),
  }
  try {
    const { ETag } = await link.call(
      `completing ${upload.name}`,
      (bounded) => link.client.send(new CompleteMultipartUploadCommand(command), { abortSignal: bounded }),
      { signal, deadlineMs: link.pace.completeMs },
    )
    return isProof(ETag, sent) ? 'proven' : 'stored'
  } catch (error) {
    // A store may know conditions on a whole object and not on an upload: the look before it must do then.
    if (create && isFault(error, 'unsupported'))
      return await completeUpload(link, upload, parts, false, signal, sent)
    if (!isFault(error, 'precondition') && !isFault(error, 'absent')) throw error
    // Either the answer to an earlier try was lost, and what stands there is this upload, or it was never done.
    const standing = await headOf(link, upload.name, signal)
    if (standing?.mark === upload.mark) return 'stored'
    if (isFault(error, 'precondition') && standing !== null) return 'exists'
    throw error
  }
}

/** Looks until nothing of it is left: a piece that was on its way can arrive after the first word. */
const mostAborts = 5

/**
 * Takes an upload back. Has its own deadline, since it is called when the caller's time is over. Where even that fails
 * the sweep will find it: what went wrong before is what the caller must hear of.
 */
export async function abandonUpload(link: S3Link, name: string, id: string): Promise<boolean> {
  const { AbortMultipartUploadCommand, ListPartsCommand } = link.sdk
  const target = { ...link.object(name), UploadId: id }
  const options = { signal: new AbortController().signal, tries: 3 }
  try {
    for (let aborts = 0; aborts < mostAborts; aborts++) {
      await link.call(
        `taking back ${name}`,
        (bounded) => link.client.send(new AbortMultipartUploadCommand(target), { abortSignal: bounded }),
        options,
      )
      await link.call(
        `looking for ${name}`,
        (bounded) => link.client.send(new ListPartsCommand(target), { abortSignal: bounded }),
        options,
      )
    }
    return false
  } catch (error) {
    if (error instanceof S3Error) return error.fault.kind === 'absent'
    throw error
  }
}

export function isFault(error: unknown, kind: S3FaultKind): error is S3Error {
  return error instanceof S3Error && error.fault.kind === kind
}
