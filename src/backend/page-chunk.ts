import type { DecidedPage, PageOutcome, PageRow, Permission } from '../records/index.js'
import { placeOf, urlAt } from './packed-url.js'
import { createPermissionList, permissionAt } from './permission-list.js'

/**
 * Rows of the page ledger as they wait in a backend, which does not look into them: what one commit decided, or some of the URLs that were
 * dropped with their host. JSON with short names, since a busy crawl has ten thousand of them waiting.
 */
type Chunk = DecidedChunk | DroppedChunk

interface DecidedChunk {
  readonly host: string
  /** Named by their place in `rows`. */
  readonly said: readonly Permission[]
  /** Place of the URL, outcome, reason, detail, HTTP status, depth, tries, redirect, candidates, place of each permission; null = none. */
  readonly rows: readonly (readonly [
    string,
    PageOutcome,
    string | null,
    string | null,
    number | null,
    number,
    number,
    string | null,
    number | null,
    number | null,
    number | null,
  ])[]
}

interface DroppedChunk {
  readonly host: string
  readonly dropped: string
  /** On whose word; null = on nobody's. */
  readonly by: Permission | null
  /** 'depth tries place' of each URL. */
  readonly urls: readonly string[]
}

/** Every host on whose pages one commit decides is the session's. */
export function packPages(host: string, pages: readonly DecidedPage[]): string {
  const permissions = createPermissionList()
  const rows = pages.map(
    (page) =>
      [
        placeOf(page.url, host),
        page.outcome,
        page.reason,
        page.detail,
        page.httpStatus,
        page.depth,
        page.tries,
        page.redirectTo,
        page.candidates,
        permissions.placeOf(page.permission),
        permissions.placeOf(page.imagesRefusal),
      ] as const,
  )
  const chunk: DecidedChunk = { host, said: permissions.said, rows }
  return JSON.stringify(chunk)
}

/** `atMs`: when it was committed. */
export function unpackPages(text: string, atMs: number): PageRow[] {
  const chunk = JSON.parse(text) as Chunk
  const { host } = chunk
  const decidedAt = new Date(atMs).toISOString()
  if ('dropped' in chunk) {
    return chunk.urls.map((record) => {
      const [depth, tries, ...place] = record.split(' ')
      return {
        url: urlAt(place.join(' '), host),
        host,
        outcome: 'dropped',
        reason: chunk.dropped,
        detail: null,
        httpStatus: null,
        depth: Number(depth),
        tries: Number(tries),
        redirectTo: null,
        candidates: null,
        permission: chunk.by,
        imagesRefusal: null,
        decidedAt,
      }
    })
  }
  return chunk.rows.map(
    ([place, outcome, reason, detail, httpStatus, depth, tries, redirectTo, candidates, by, imagesBy]) => ({
      url: urlAt(place, host),
      host,
      outcome,
      reason,
      detail,
      httpStatus,
      depth,
      tries,
      redirectTo,
      candidates,
      permission: permissionAt(chunk.said, by),
      imagesRefusal: permissionAt(chunk.said, imagesBy),
      decidedAt,
    }),
  )
}
