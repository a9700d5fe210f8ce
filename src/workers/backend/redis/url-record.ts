import type { LeasedUrl } from '../../../records/index.js'
import type { Offer } from '../backend.js'

/**
 * A URL as it waits in a queue: 'id depth attempts body', its body 'redirects anchor place'. Hosts, anchors and canonical URLs hold no
 * space. An anchor that is the host is '='. The place is the URL without what the host says already: h and s for http:// and https://
 * with the host behind them, x where that is not how it begins.
 */
export function urlBody({ url, host, anchor, redirects }: Offer): string {
  const place = url.startsWith(`http://${host}`)
    ? `h${url.slice(7 + host.length)}`
    : url.startsWith(`https://${host}`)
      ? `s${url.slice(8 + host.length)}`
      : `x${url}`
  return `${redirects} ${anchor === host ? '=' : anchor} ${place}`
}

export function leasedUrlOf(record: string, host: string): LeasedUrl {
  const [id, depth, attempts, redirects, anchor = '', ...rest] = record.split(' ')
  const place = rest.join(' ')
  const tail = place.slice(1)
  return {
    id: Number(id),
    url: place.startsWith('h')
      ? `http://${host}${tail}`
      : place.startsWith('s')
        ? `https://${host}${tail}`
        : tail,
    depth: Number(depth),
    anchor: anchor === '=' ? host : anchor,
    redirects: Number(redirects),
    attempts: Number(attempts),
  }
}
