import { createHash } from 'node:crypto'
import { createDigestSet, type DigestSet, unionOfDigests } from './digest-set.js'
import { hostNameOf, hostOf } from './host-of.js'
import { patternsOf } from './host-pattern.js'
import { createNearHashes } from './near-hashes.js'

/** Kinds of what is never to be taken, with the bytes that one is known by. */
export const rejectKinds = {
  /** SHA-256 of a host pattern: of a host, which covers it on every port, or of `*.` and a host, which covers all below that one. */
  hosts: 32,
  /** SHA-256 of a canonical URL, of a page or of an image. */
  urls: 32,
  /** SHA-256 of an image as it was fetched. */
  images: 32,
  /** MD5 of the same. */
  md5s: 16,
  /** Perceptual hashes; one covers all that are near to it. */
  phashes: 8,
  uids: 16,
} as const

export type RejectKind = keyof typeof rejectKinds

/** What is never to be taken. Hosts and URLs are known by their hashes alone, so that whoever reads it learns none. */
export type RejectEntries = { readonly [Kind in RejectKind]: DigestSet }

/** Answers whether something is never to be taken. All are pure. */
export interface RejectList {
  /** Nothing is on it. */
  readonly isEmpty: boolean
  /** Whether it looks at an image's bytes: their SHA-256, and their MD5. */
  readonly asksBytes: { readonly sha256: boolean; readonly md5: boolean }
  /** A canonical URL of a page or an image: its own, or its host's. */
  refusesUrl(url: string): boolean
  /** Hex digits of an image as it was fetched; a `content` uid is the beginning of its SHA-256. `md5` is needed where `asksBytes` says so. */
  refusesImage(image: { readonly sha256: string; readonly md5?: string }): boolean
  /** A perceptual hash, of 16 hex digits, that is on it or near to one that is. */
  refusesPhash(phash: string): boolean
  refusesUid(uid: string): boolean
}

const kinds = Object.keys(rejectKinds) as readonly RejectKind[]

/** Entries made kind by kind. */
export function rejectEntries(of: (kind: RejectKind, width: number) => DigestSet): RejectEntries {
  const { hosts, urls, images, md5s, phashes, uids } = rejectKinds
  return {
    hosts: of('hosts', hosts),
    urls: of('urls', urls),
    images: of('images', images),
    md5s: of('md5s', md5s),
    phashes: of('phashes', phashes),
    uids: of('uids', uids),
  }
}

export const noRejectEntries: RejectEntries = rejectEntries((_, width) =>
  createDigestSet(width, new Uint8Array()),
)

/** All that any of them has. Pure. */
export function unionOfEntries(lists: readonly RejectEntries[]): RejectEntries {
  return rejectEntries((kind, width) =>
    unionOfDigests(
      width,
      lists.map((entries) => entries[kind]),
    ),
  )
}

/** Pure. */
export function createRejectList(entries: RejectEntries): RejectList {
  const { hosts, urls, images, md5s, phashes, uids } = entries
  const isNear = createNearHashes(phashes)
  const hasHex = (set: DigestSet, hex: string) => set.size > 0 && set.has(Buffer.from(hex, 'hex'))
  return {
    isEmpty: kinds.every((kind) => entries[kind].size === 0),
    asksBytes: { sha256: images.size > 0 || uids.size > 0, md5: md5s.size > 0 },
    refusesUrl: (url) =>
      (hosts.size > 0 &&
        patternsOf(hostNameOf(hostOf(url))).some((pattern) => hosts.has(sha256Of(pattern)))) ||
      (urls.size > 0 && urls.has(sha256Of(url))),
    refusesImage: ({ sha256, md5 }) =>
      hasHex(images, sha256) ||
      (md5 !== undefined && hasHex(md5s, md5)) ||
      hasHex(uids, sha256.slice(0, 2 * rejectKinds.uids)),
    refusesPhash: isNear,
    refusesUid: (uid) => hasHex(uids, uid),
  }
}

/** What a host pattern (see `canonicalPattern`) or a canonical URL is known by. Pure. */
export const sha256Of = (text: string): Buffer => createHash('sha256').update(text).digest()
