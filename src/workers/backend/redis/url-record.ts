import type { LeasedUrl } from '../../../records/index.js'
import type { Offer } from '../backend.js'
import { placeOf, urlAt } from '../url-place.js'

/**
 * A URL as it waits in a queue: 'id depth attempts body', its body 'redirects anchor place'. Hosts, anchors and canonical URLs hold no
 * space. An anchor that is the host is '='.
 */
export function urlBody({ url, host, anchor, redirects }: Offer): string {
  return `${redirects} ${anchor === host ? '=' : anchor} ${placeOf(url, host)}`
}

export function leasedUrlOf(record: string, host: string): LeasedUrl {
  const [id, depth, attempts, redirects, anchor = '', ...rest] = record.split(' ')
  return {
    id: Number(id),
    url: urlAt(rest.join(' '), host),
    depth: Number(depth),
    anchor: anchor === '=' ? host : anchor,
    redirects: Number(redirects),
    attempts: Number(attempts),
  }
}
