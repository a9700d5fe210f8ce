import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import type { StoredName, TopNames } from '../store.js'
import type { S3Link } from './link.js'
import { abandonUpload } from './upload.js'

/** Objects whose name begins with `prefix` and has no '/' after it, a page at a time. */
export async function* listObjects(
  link: S3Link,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<StoredName> {
  for await (const page of pagesUnder(link, prefix, signal)) {
    for (const { Key, Size, LastModified } of page.Contents ?? []) {
      // Some tools write an empty object for a folder.
      if (Key === undefined || Key.endsWith('/')) continue
      const name = Key.slice(link.location.prefix.length)
      yield { name, size: Size ?? 0, modifiedMs: LastModified?.getTime() ?? 0 }
    }
  }
}

/** Pages of a listing, of a thousand names each, that `listTop` looks at. */
const mostTopPages = 5

/** See `Store.top`. A stranger's prefix may hold millions of names. */
export async function listTop(
  link: S3Link,
  isWanted: (name: string) => boolean,
  signal: AbortSignal,
): Promise<TopNames> {
  const base = link.location.prefix.length
  const names: string[] = []
  let pages = 0
  for await (const page of pagesUnder(link, '', signal)) {
    const files = (page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key.slice(base)]))
    const folders = (page.CommonPrefixes ?? []).flatMap(({ Prefix }) =>
      Prefix === undefined ? [] : [Prefix.slice(base, -1)],
    )
    names.push(...[...files, ...folders].filter(isWanted))
    if (++pages >= mostTopPages && page.IsTruncated === true) return { names, isAll: false }
  }
  return { names, isAll: true }
}

async function* pagesUnder(
  link: S3Link,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<ListObjectsV2CommandOutput> {
  const { ListObjectsV2Command } = link.sdk
  const { bucket, prefix: base } = link.location
  let token: string | undefined
  do {
    const input = {
      Bucket: bucket,
      Prefix: base + prefix,
      Delimiter: '/',
      ...(token === undefined ? {} : { ContinuationToken: token }),
    }
    const page = await link.call(
      'listing',
      (bounded) => link.client.send(new ListObjectsV2Command(input), { abortSignal: bounded }),
      { signal },
    )
    yield page
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined
  } while (token !== undefined)
}

interface Begun {
  readonly name: string
  readonly id: string
  readonly beganMs: number
}

/** Every upload under the store's prefix that was begun and neither completed nor taken back. */
async function* listUploads(link: S3Link, signal: AbortSignal): AsyncGenerator<Begun> {
  const { ListMultipartUploadsCommand } = link.sdk
  const { bucket, prefix } = link.location
  let marker: { KeyMarker: string; UploadIdMarker?: string } | null = null
  do {
    const input: { Bucket: string; Prefix: string; KeyMarker?: string; UploadIdMarker?: string } = {
      Bucket: bucket,
      Prefix: prefix,
      ...marker,
    }
    const page = await link.call(
      'listing uploads',
      (bounded) => link.client.send(new ListMultipartUploadsCommand(input), { abortSignal: bounded }),
      { signal },
    )
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key === undefined || UploadId === undefined) continue
      yield { name: Key.slice(prefix.length), id: UploadId, beganMs: Initiated?.getTime() ?? 0 }
    }
    marker =
      page.IsTruncated === true && page.NextKeyMarker !== undefined
        ? {
            KeyMarker: page.NextKeyMarker,
            ...(page.NextUploadIdMarker === undefined ? {} : { UploadIdMarker: page.NextUploadIdMarker }),
          }
        : null
  } while (marker !== null)
}

/** Takes back the uploads that were begun before `beforeMs` (the store's time) and answers how many. */
export async function sweepUploads(link: S3Link, beforeMs: number, signal: AbortSignal): Promise<number> {
  const stale: Begun[] = []
  for await (const upload of listUploads(link, signal)) if (upload.beganMs <= beforeMs) stale.push(upload)
  let swept = 0
  for (const { name, id } of stale) {
    signal.throwIfAborted()
    if (await abandonUpload(link, name, id)) swept++
  }
  return swept
}
