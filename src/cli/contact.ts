import { anchorOf } from '../crawl/index.js'
import type { RunOptions } from '../options/index.js'
import { parseConnectTo, routed } from '../records/index.js'

/** A contact somewhere in a user agent. */
const contactWithin = /https?:\/\/[A-Za-z0-9[]|[A-Za-z0-9._%+-]@[A-Za-z0-9-]+\.[A-Za-z0-9]/

/**
 * Why a crawl of other people's machines must not start: nobody could be asked about it; null = it may. The default user agent names a
 * program, and nobody who runs it.
 */
export function contactProblem(
  options: Pick<RunOptions, 'seeds' | 'sources' | 'connectTo' | 'userAgent'>,
  defaultUserAgent: string,
): string | null {
  const { userAgent, seeds, sources, connectTo } = options
  if (userAgent !== defaultUserAgent && contactWithin.test(userAgent)) return null
  const seed = seeds.find((url) => !isLocal(url, connectTo))
  // A list, or a page in an archive, may name any host.
  const listed = sources.length > 0 && !isLocal('http://any.invalid/', connectTo)
  if (seed === undefined && !listed) return null
  const place = seed === undefined ? 'what the sources name' : anchorOf(seed, 'host')
  return (
    `--contact: missing; ${place} is not this machine, and who runs it must be able to reach you: ` +
    'give --contact with an e-mail address or URL, or a --user-agent that holds one'
  )
}

function isLocal(seed: string, connectTo: readonly string[]): boolean {
  const url = new URL(seed)
  const rules = connectTo.map(parseConnectTo).flatMap((rule) => ('error' in rule ? [] : [rule]))
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  const { host } = routed(rules, { host: url.hostname.replace(/^\[|\]$/g, ''), port })
  return /^(?:127(?:\.\d{1,3}){3}|::1|(?:.*\.)?localhost)$/.test(host)
}
