import { createHash, createHmac } from 'node:crypto'

interface Signer {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of credentials that end; null = they do not. */
  readonly sessionToken: string | null
  readonly region: string
}

/** What anybody may do with a signed URL, and for how long. */
export interface Permit {
  readonly nowMs: number
  /** From 1 to 604,800. */
  readonly expiresS: number
}

/**
 * A URL by which anybody may get an object, by Amazon's Signature Version 4 with the signature in the query. `url`: of the object, as a request
 * names it, without a query. Pure.
 */
export function signedGetUrl(url: string, signer: Signer, { nowMs, expiresS }: Permit): string {
  const { origin, host, pathname } = new URL(url)
  const at = new Date(nowMs).toISOString().replace(/\.\d+|[-:]/g, '')
  const day = at.slice(0, 8)
  const scope = `${day}/${signer.region}/s3/aws4_request`
  const query = canonicalQuery({
    'X-Amz-Algorithm': algorithm,
    'X-Amz-Credential': `${signer.accessKeyId}/${scope}`,
    'X-Amz-Date': at,
    'X-Amz-Expires': String(expiresS),
    ...(signer.sessionToken === null ? {} : { 'X-Amz-Security-Token': signer.sessionToken }),
    'X-Amz-SignedHeaders': 'host',
  })
  const request = ['GET', pathname, query, `host:${host}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n')
  const toSign = [algorithm, at, scope, sha256(request)].join('\n')
  const key = [day, signer.region, 's3', 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${signer.secretAccessKey}`,
  )
  return `${origin}${pathname}?${query}&X-Amz-Signature=${hmac(key, toSign).toString('hex')}`
}

const algorithm = 'AWS4-HMAC-SHA256'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** By name; every byte that is not unreserved is escaped (RFC 3986 section 2.3). */
function canonicalQuery(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .join('&')
}

const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
