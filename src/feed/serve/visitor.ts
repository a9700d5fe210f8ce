import type { IncomingHttpHeaders } from 'node:http'
import { type Refusal, refused } from './wish.js'

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

/**
 * Why a request is not met, whatever it asks for; null = nothing. Only this machine reaches the port; but its browser does so for any page, which
 * must neither read a dataset by a name of its own that leads here, nor move the record of a job. Pure.
 */
export function visitorProblem({
  host,
  origin,
  'sec-fetch-site': site,
}: IncomingHttpHeaders): Refusal | null {
  if (host === undefined || !loopback.test(host))
    return refused(403, `the host '${host ?? ''}' is not served: ask 127.0.0.1 or localhost`)
  if (origin !== undefined || (site !== undefined && site !== 'none'))
    return refused(403, 'pages of other sites are not served: open the address itself')
  return null
}
