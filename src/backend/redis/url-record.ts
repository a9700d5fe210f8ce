import type { LeasedUrl } from '../../records/index.js'
import type { Offer } from '../backend.js'
import { placeOf, urlAt } from '../packed-url.js'

/**
 * A URL as it waits in a queue: 'id depth attempts body', its body 'redirects anchor place'. Hosts, anchors and canonical URLs hold no
 * space. An anchor that is the host is '='.
 */
export function urlBody({ url, host, anchor, redirects }: Offer): string {
  return `${redirects} ${anchor === host ? '=' : anchor} ${placeOf(url, host)}`
}

export function leasedUrlOf(
  record: string,
  host: string,
  doubts: ReadonlyMap<string, Doubt> = new Map(),
): LeasedUrl {
  const [id = '', depth, attempts, redirects, anchor = '', ...rest] = record.split(' ')
  return {
    id: Number(id),
    url: urlAt(rest.join(' '), host),
    depth: Number(depth),
    anchor: anchor === '=' ? host : anchor,
    redirects: Number(redirects),
    attempts: Number(attempts),
    ...doubts.get(id),
  }
}

/** Doubts about a URL: workers that died with it, and commits of it that were refused. */
type Doubt = Pick<LeasedUrl, 'deaths' | 'refusedCommits'>

/** 'id:deaths:refused ...' */
export function doubtsOf(text: string): ReadonlyMap<string, Doubt> {
  const doubts = new Map<string, Doubt>()
  for (const one of text.split(' ')) {
    const [id = '', deaths = '0', refused = '0'] = one.split(':')
    doubts.set(id, {
      ...(deaths === '0' ? {} : { deaths: Number(deaths) }),
      ...(refused === '0' ? {} : { refusedCommits: Number(refused) }),
    })
  }
  return doubts
}
