import { createHash, randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { makeFolder } from '../disk/index.js'
import { parseS3Url } from '../records/index.js'
import { createReader, type S3Reader } from './s3/download.js'
import { S3Error } from './s3/fault.js'
import { openLink, type S3Link, type S3Settings } from './s3/link.js'
import { listObjects, listTop, sweepUploads } from './s3/listing.js'
import { defaultPace, type S3Pace } from './s3/pace.js'
import { createPieceMemory } from './s3/pieces.js'
import { isConditional, probePrefix } from './s3/probe.js'
import { createWriter, headOf } from './s3/upload.js'
import type { Store } from './store.js'
import type { FileSums } from './summed-file.js'
import type { SumAlgorithm } from './sums.js'

export interface S3StoreOptions {
  /** `s3://bucket/prefix`. */
  readonly url: string
  readonly settings: S3Settings
  /** A local folder of this store alone, for files under construction and copies; made where it is missing. */
  readonly scratchDir: string
  /** `read`: nothing is written, not even to try whether that could be done; `conditional` is then false. */
  readonly access: 'read' | 'write'
  readonly pace?: S3Pace
}

/** Opening is for people who wait: what is wrong with the endpoint is said soon. */
const openTries = 3

/**
 * A store in a bucket of Amazon S3 or of anything that speaks its protocol. Opening it tries it; a message says what is wrong and what to do.
 *
 * Memory: three pieces of 16 MiB, however many files come and go at once, and what `putBytes` and `read` are about.
 */
export async function s3Store(
  options: S3StoreOptions,
  signal: AbortSignal,
): Promise<Store | { readonly message: string }> {
  const location = parseS3Url(options.url)
  if ('problem' in location) return { message: location.problem }
  const link = await openLink(location, options.settings, options.pace ?? defaultPace)
  try {
    const conditional =
      options.access === 'write'
        ? await isConditional(link, openTries, signal)
        : await canBeRead(link, signal)
    return storeOn(link, conditional, options.scratchDir)
  } catch (error) {
    link.client.destroy()
    if (error instanceof S3Error) return { message: error.message }
    throw error
  }
}

/** Answers false: a store that is only read promises nothing about writing. */
async function canBeRead(link: S3Link, signal: AbortSignal): Promise<false> {
  const { ListObjectsV2Command } = link.sdk
  const { bucket, prefix } = link.location
  await link.call(
    'listing',
    (bounded) =>
      link.client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 }), {
        abortSignal: bounded,
      }),
    { signal, tries: openTries },
  )
  return false
}

function storeOn(link: S3Link, conditional: boolean, scratchDir: string): Store {
  const memory = createPieceMemory()
  const reader = createReader(link, memory)
  const writer = createWriter(link, { conditional, memory })

  const scratch = async (): Promise<string> => {
    await makeFolder(scratchDir)
    return scratchDir
  }

  return {
    url: link.location.url,
    conditional,
    scratch,
    remove: (name, signal) => removeObject(link, name, signal),
    putBytes: writer.bytes,
    async putFile(name, localPath, options, signal) {
      const outcome = await writer.file(name, localPath, options, signal)
      await rm(localPath)
      return outcome
    },
    read: reader.bytes,
    readRange: reader.range,
    async stat(name, signal) {
      const found = await headOf(link, name, signal)
      return found === null ? null : { size: found.size }
    },
    sums: (name, algorithms, signal) => sumObject(reader, name, algorithms, signal),
    async localCopy(name, signal) {
      const path = join(await scratch(), `${basename(name)}-${randomUUID()}`)
      const release = async () => await rm(path, { force: true })
      const file = await open(path, 'wx')
      try {
        const size = await reader.toFile(name, file, signal)
        if (size !== null) return { path, release }
      } catch (error) {
        await release()
        throw error
      } finally {
        await file.close()
      }
      await release()
      return null
    },
    list: (prefix, signal) => listObjects(link, prefix, signal),
    top: (isWanted, signal) => listTop(link, isWanted, signal),
    async sweep(olderThanMs, signal) {
      // Not by the clock where all of it goes: stores tell times rounded up.
      const beforeMs = olderThanMs === 0 ? Number.POSITIVE_INFINITY : Date.now() - olderThanMs
      let swept = await sweepUploads(link, beforeMs, signal)
      for await (const probe of listObjects(link, probePrefix, signal)) {
        if (probe.modifiedMs > beforeMs) continue
        await removeObject(link, probe.name, signal)
        swept++
      }
      return swept
    },
    async close() {
      link.client.destroy()
    },
  }
}

/** An object that is not there is no error. */
async function removeObject(link: S3Link, name: string, signal: AbortSignal): Promise<void> {
  const { DeleteObjectCommand } = link.sdk
  try {
    await link.call(
      `removing ${name}`,
      (bounded) => link.client.send(new DeleteObjectCommand(link.object(name)), { abortSignal: bounded }),
      { signal },
    )
  } catch (error) {
    if (!(error instanceof S3Error && error.fault.kind === 'absent')) throw error
  }
}

async function sumObject(
  reader: S3Reader,
  name: string,
  algorithms: readonly SumAlgorithm[],
  signal: AbortSignal,
): Promise<FileSums | null> {
  const hashes = new Map(algorithms.map((algorithm) => [algorithm, createHash(algorithm)]))
  const size = await reader.stream(
    name,
    (bytes) => {
      for (const hash of hashes.values()) hash.update(bytes)
    },
    signal,
  )
  if (size === null) return null
  const sum = (algorithm: SumAlgorithm) => hashes.get(algorithm)?.digest('hex') ?? ''
  return { size, sha256: sum('sha256'), md5: sum('md5') }
}
