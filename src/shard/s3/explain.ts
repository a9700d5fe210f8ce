import { type S3Fault, wrongRegion } from './fault.js'

/** Surroundings of a fault that a message names. */
interface S3Scene {
  /** `s3://bucket/prefix`. */
  readonly url: string
  readonly bucket: string
  /** null = Amazon's own. */
  readonly endpoint: string | null
  /** null = not known to us. */
  readonly region: string | null
}

const noAccess: ReadonlySet<string> = new Set([
  'AccessDenied',
  'Forbidden',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'TokenRefreshRequired',
  'AllAccessDisabled',
])

/** Message about a fault and what to do about it, in one line. `what`: the request, e.g. `writing 00000.tar`. */
export function explain(what: string, fault: S3Fault, tries: number, scene: S3Scene): string {
  const advice = adviceOn(fault, scene)
  const said = fault.detail === null ? '' : `: ${fault.detail}`
  const status = fault.status === null ? '' : ` (HTTP ${fault.status})`
  const often = tries > 1 ? ` after ${tries} tries` : ''
  return `${scene.url}: ${what} failed${often}: ${advice ?? `${fault.code}${status}${said}`}`
}

function adviceOn({ code, status, detail }: S3Fault, scene: S3Scene): string | null {
  const { bucket } = scene
  const at = safeEndpoint(scene.endpoint)
  if (code === 'NoCredentials') {
    return 'no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or work where a role gives them'
  }
  if (code === 'NoRegion') return 'no region is set: set AWS_REGION, or a region in your AWS profile'
  if (code === 'NoSuchBucket')
    return `there is no bucket ${bucket} at ${at}: create it, or correct the name or AWS_ENDPOINT_URL_S3`
  if (code === wrongRegion) {
    const used = scene.region === null ? 'the one that is set' : scene.region
    return `${at} wants another region than ${used}: set AWS_REGION to ${detail ?? `that of bucket ${bucket}`}`
  }
  if (code === 'RequestTimeTooSkewed')
    return `the clock of this machine is wrong, so ${at} takes no signature: set it`
  if (code === 'ExpiredToken' || code === 'TokenRefreshRequired')
    return `the credentials have expired (${code}): renew them`
  if (noAccess.has(code) || status === 403 || status === 401) {
    return `access denied (${code}): check the credentials, and that they may read, write, list and delete in bucket ${bucket} and abort its uploads`
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return `the host of ${at} does not resolve (${code}): check AWS_ENDPOINT_URL_S3, the region and the network`
  }
  if (status === null && code === 'Timeout') return `${at} did not answer in time`
  if (status === null && code !== 'BodyCut') {
    return `${at} cannot be reached (${code}): check AWS_ENDPOINT_URL_S3 and that the store runs`
  }
  return null
}

/** An endpoint as it may be shown: without what stands before an @. */
function safeEndpoint(endpoint: string | null): string {
  if (endpoint === null) return 'Amazon S3'
  if (!URL.canParse(endpoint)) return 'the endpoint'
  const { protocol, host } = new URL(endpoint)
  return `${protocol}//${host}`
}
