import { canonicalUrl } from '../crawl/index.js'
import {
  createRejectList,
  hostNameOf,
  hostOf,
  noRejectEntries,
  type RejectEntries,
} from '../records/index.js'
import type { ParquetRow, RowRule } from '../shard/index.js'

/** What tombstones make of the rows of a dataset. Each rule, asked again of what it left, leaves it as it is. */
export interface Rules {
  /** Of candidates, kept or rejected. */
  readonly rows: RowRule
  /** Of the page ledger. */
  readonly pages: RowRule
  /** Whether a short text, such as an error or a licence, names something by its URL or its host. Captions are not asked. */
  names(text: string): boolean
  /** Whether a host, with or without port, is taken back. */
  takesHost(host: string): boolean
  /** Whether a URL is, by itself or with its host. */
  takesUrl(url: string): boolean
}

/**
 * The rules that follow from tombstones: a row goes whose image, page or redirect is taken back by host or URL, or whose image is by its
 * sum, its perceptual hash (the very same) or its uid. A row of somebody else's that names one of them in passing, as its licence for one, loses that
 * field alone. Pure.
 */
export function rulesOf(tombstones: RejectEntries): Rules {
  const { hosts, urls, images, uids, phashes } = tombstones
  const list = createRejectList({ ...tombstones, hosts: noRejectEntries.hosts })
  const takesHost = hostRule(tombstones)
  const takesUrl = (url: unknown): boolean =>
    typeof url === 'string' && url !== '' && (takesHost(url) || list.refusesUrl(url))
  const names = namingRule(takesHost, (url) => list.refusesUrl(url))
  const asksPlaces = hosts.size + urls.size > 0
  const asksBytes = images.size + uids.size > 0

  const goes = (row: ParquetRow): boolean =>
    (asksPlaces && (takesUrl(row.url) || takesUrl(row.page_url))) ||
    (asksBytes && typeof row.sha256 === 'string' && list.refusesImage({ sha256: row.sha256 })) ||
    (uids.size > 0 && typeof row.uid === 'string' && list.refusesUid(row.uid)) ||
    (phashes.size > 0 && typeof row.phash === 'string' && phashes.has(Buffer.from(row.phash, 'hex')))

  const mended = (row: ParquetRow, fields: readonly string[]): ParquetRow => {
    if (!asksPlaces) return row
    const changes = fields.flatMap((name) => {
      const cell = row[name]
      const left = withoutNames(cell, names)
      return left === cell ? [] : [[name, left] as const]
    })
    return changes.length === 0 ? row : { ...row, ...Object.fromEntries(changes) }
  }
  const placeFields = [...passing.rows, 'url', 'page_url']
  return {
    rows: {
      columns: [
        ...(asksPlaces ? placeFields : []),
        ...(asksBytes ? ['sha256'] : []),
        ...(uids.size > 0 ? ['uid'] : []),
        ...(phashes.size > 0 ? ['phash'] : []),
      ],
      retouch: (row) => (goes(row) ? null : mended(row, passing.rows)),
    },
    pages: {
      columns: ['url', ...(asksPlaces ? ['redirect_to', ...passing.pages] : [])],
      retouch: (row) =>
        asksPlaces && (takesUrl(row.url) || takesUrl(row.redirect_to)) ? null : mended(row, passing.pages),
    },
    names,
    takesHost: (host) => takesHost(`http://${host}/`),
    takesUrl,
  }
}

/** Fields in which a row may name another host in passing. */
const passing = {
  rows: ['licence_url', 'error_detail', 'permission', 'page_permission'],
  pages: ['detail', 'value', 'images_value'],
} as const

/** A cell without the texts that name something: null in their place, in the struct of a permission too. The same cell = it names nothing. */
function withoutNames(cell: unknown, names: (text: string) => boolean): unknown {
  if (typeof cell === 'string') return names(cell) ? null : cell
  if (typeof cell !== 'object' || cell === null || !('value' in cell)) return cell
  const { value } = cell
  return typeof value === 'string' && names(value) ? { ...cell, value: null } : cell
}

/** Whether a URL lies on a host that is taken back. Of a dataset each host is asked often. */
function hostRule({ hosts }: RejectEntries): (url: string) => boolean {
  if (hosts.size === 0) return () => false
  const list = createRejectList({ ...noRejectEntries, hosts })
  const known = new Map<string, boolean>()
  return (url) => {
    const host = hostNameOf(hostOf(url))
    const answered = known.get(host)
    if (answered !== undefined) return answered
    const answer = list.refusesUrl(`http://${host}/`)
    known.set(host, answer)
    return answer
  }
}

function namingRule(takesHost: (url: string) => boolean, takesUrl: (url: string) => boolean) {
  return (text: string): boolean =>
    (text.match(hostLike) ?? []).some((host) => takesHost(`http://${host.toLowerCase()}/`)) ||
    (text.match(urlLike) ?? []).some((url) => {
      const canonical = canonicalUrl(url)
      return canonical !== null && (takesHost(canonical) || takesUrl(canonical))
    })
}

/** A host of at least two labels, or an address. */
const hostLike = /[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)+/gu
const urlLike = /https?:\/\/[^\s"'<>]+/gi
