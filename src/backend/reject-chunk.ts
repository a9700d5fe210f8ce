import type { Caption, Permission, TextReason, TextReject } from '../records/index.js'
import type { Found, FoundCandidate } from './batches.js'
import { placeOf, urlAt } from './packed-url.js'
import { createPermissionList, permissionAt } from './permission-list.js'

/**
 * Rejected candidates as they wait in a backend, a chunk for each commit: a head, then a line for each of those that the run did not know.
 * Only the backend knows which these are, so it puts the chunk together; it does not look into head or lines.
 */
interface ChunkHead {
  /** Most of their pages and images are on it. */
  readonly host: string
  /** Named by their place in the lines. */
  readonly said: readonly Permission[]
}

/** Places of the image and of its page, reason, licence, place of the page's permission, then source and text of each caption; null = none. */
type ChunkLine = readonly [string, string | null, TextReason, string | null, number | null, ...string[]]

/** What a commit found, as both backends take it: a candidate with its body, or the line of one that is rejected. */
interface PackedFound {
  readonly head: string
  readonly found: readonly (FoundCandidate | (Pick<Found, 'key' | 'texts'> & { readonly line: string }))[]
}

export function packFound(host: string, found: readonly Found[]): PackedFound {
  const permissions = createPermissionList()
  const packed = found.map((one) => {
    if (!('reject' in one)) return one
    const { imageUrl, pageUrl, reason, licenceUrl, pagePermission, captions } = one.reject
    const line: ChunkLine = [
      placeOf(imageUrl, host),
      pageUrl === null ? null : placeOf(pageUrl, host),
      reason,
      licenceUrl,
      permissions.placeOf(pagePermission ?? null),
      ...captions.flatMap(({ source, text }) => [source, text]),
    ]
    return { key: one.key, texts: one.texts, line: JSON.stringify(line) }
  })
  const head: ChunkHead = { host, said: permissions.said }
  return { head: JSON.stringify(head), found: packed }
}

export function unpackRejects(chunk: string): TextReject[] {
  const [first = '', ...lines] = chunk.split('\n')
  const { host, said } = JSON.parse(first) as ChunkHead
  return lines.map((text) => {
    const [image, page, reason, licenceUrl, by, ...words] = JSON.parse(text) as ChunkLine
    const pagePermission = permissionAt(said, by)
    return {
      imageUrl: urlAt(image, host),
      captions: captionsOf(words),
      pageUrl: page === null ? null : urlAt(page, host),
      licenceUrl,
      reason,
      ...(pagePermission === null ? {} : { pagePermission }),
    }
  })
}

function captionsOf(words: readonly string[]): Caption[] {
  return Array.from({ length: words.length / 2 }, (_, i) => ({
    source: words[2 * i] as Caption['source'],
    text: words[2 * i + 1] ?? '',
  }))
}
