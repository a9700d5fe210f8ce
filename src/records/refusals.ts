import type { Candidate } from './candidate.js'
import { createRejectList, noRejectEntries, type RejectList } from './reject-list.js'
import type { Row } from './row.js'

/** What refuses something: a list that the run was given, or a tombstone of its dataset, which no row and no file may name. */
export type RefusedBy = 'listed' | 'retracted'

/** Lists and tombstones of a run together; where both refuse, the tombstone does. null = nothing refuses it. All are pure. */
export interface Refusals {
  readonly asksBytes: RejectList['asksBytes']
  /** Canonical URLs of which one is enough; null among them is none. */
  ofUrls(urls: readonly (string | null)[]): RefusedBy | null
  ofImage(image: Parameters<RejectList['refusesImage']>[0]): RefusedBy | null
  ofPhash(phash: string): RefusedBy | null
  ofUid(uid: string): RefusedBy | null
}

/** Pure. */
export function createRefusals(listed: RejectList, retracted: RejectList): Refusals {
  const first = (asked: (list: RejectList) => boolean): RefusedBy | null => {
    if (!retracted.isEmpty && asked(retracted)) return 'retracted'
    return !listed.isEmpty && asked(listed) ? 'listed' : null
  }
  return {
    asksBytes: {
      sha256: listed.asksBytes.sha256 || retracted.asksBytes.sha256,
      md5: listed.asksBytes.md5 || retracted.asksBytes.md5,
    },
    ofUrls: (urls) => first((list) => urls.some((url) => url !== null && list.refusesUrl(url))),
    ofImage: (image) => first((list) => list.refusesImage(image)),
    ofPhash: (phash) => first((list) => list.refusesPhash(phash)),
    ofUid: (uid) => first((list) => list.refusesUid(uid)),
  }
}

/** By any of its URLs a candidate is refused: all its sources are of one image. Pure. */
export const refusalOfCandidate = (
  refusals: Refusals,
  { imageUrl, fallbackUrls, pageUrl }: Pick<Candidate, 'imageUrl' | 'fallbackUrls' | 'pageUrl'>,
): RefusedBy | null => refusals.ofUrls([pageUrl, imageUrl, ...fallbackUrls])

/** All that a row knows of its image is looked up, but an MD5, which none has. Pure. */
export function refusalOfRow(
  refusals: Refusals,
  row: Pick<Row, 'url' | 'pageUrl' | 'sha256' | 'phash' | 'uid'>,
): RefusedBy | null {
  const { url, pageUrl, sha256, phash, uid = null } = row
  const found = [
    refusals.ofUrls([pageUrl, url]),
    sha256 === null ? null : refusals.ofImage({ sha256 }),
    phash === null ? null : refusals.ofPhash(phash),
    uid === null ? null : refusals.ofUid(uid),
  ]
  return found.find((by) => by === 'retracted') ?? found.find((by) => by !== null) ?? null
}

/** A licence that lies where something was taken back is named no more. Pure. */
export function withoutRetractedLicence<Named extends { readonly licenceUrl: string | null }>(
  refusals: Refusals,
  named: Named,
): Named {
  return refusals.ofUrls([named.licenceUrl]) === 'retracted' ? { ...named, licenceUrl: null } : named
}

const nothing = createRejectList(noRejectEntries)

/** Of a run without lists, and of a dataset without tombstones. */
export const noRefusals: Refusals = createRefusals(nothing, nothing)
