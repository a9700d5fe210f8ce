/**
 * Kinds of failed requests, by what is to be done about them:
 * - `absent`: there is no such key or upload; an answer, for those who asked whether there is
 * - `precondition`: the condition of the request does not hold; an answer likewise
 * - `unsupported`: the store does not know this kind of request
 * - `passing`: the same request may succeed later
 * - `lasting`: it will not, until somebody does something
 */
export type S3FaultKind = 'absent' | 'precondition' | 'unsupported' | 'passing' | 'lasting'

export interface S3Fault {
  readonly kind: S3FaultKind
  /** As S3 or node:net names it: `SlowDown`, `ECONNRESET`, `Timeout`. */
  readonly code: string
  /** null = there was no answer. */
  readonly status: number | null
  /** Words of the store, for people; null = none, or none that may be shown. */
  readonly detail: string | null
}

/** A deadline of ours was reached. */
export const timeoutFault: S3Fault = { kind: 'passing', code: 'Timeout', status: null, detail: null }

/** Passing faults that S3 reports under a status that otherwise lasts. */
const passingCodes: ReadonlySet<string> = new Set([
  'RequestTimeout',
  'IncompleteBody',
  'BadDigest',
  'OperationAborted',
  'ConditionalRequestConflict',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'RequestLimitExceeded',
])

const unsupportedCodes: ReadonlySet<string> = new Set(['NotImplemented', 'MethodNotAllowed'])

/** Faults of the connection that say nothing lasting; a name that does not resolve may be a resolver that is down. */
const passingNetwork: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EAI_AGAIN',
  'ENOTFOUND',
  'ERR_STREAM_PREMATURE_CLOSE',
  'BodyCut',
])

/**
 * Reads what the SDK threw. Nothing else of it is kept: its own errors carry the access key, the string that was
 * signed and the whole answer. null = not a fault of a request; a bug.
 */
export function faultOf(error: unknown): S3Fault | null {
  if (!(error instanceof Error)) return null
  const status = statusOf(error)
  const code = codeOf(error)
  if (status === null) {
    if (error.name === 'CredentialsProviderError') {
      return { kind: 'lasting', code: 'NoCredentials', status, detail: null }
    }
    if (error.message === 'Region is missing') {
      return { kind: 'lasting', code: 'NoRegion', status, detail: null }
    }
    if (passingNetwork.has(code) || error.name === 'TimeoutError') {
      return { kind: 'passing', code, status, detail: shown(error.message) }
    }
    // Any other error with a code comes from the operating system: a certificate, a socket, a name.
    return code === error.name ? null : { kind: 'lasting', code, status, detail: shown(error.message) }
  }
  const region = regionOf(error)
  if (status === 301 || region !== null) {
    return { kind: 'lasting', code: wrongRegion, status, detail: region }
  }
  return { kind: kindOf(status, code), code, status, detail: isSecretive(code) ? null : shown(error.message) }
}

/** Code of a fault whose detail is the region that the bucket is in; null = the store does not say. */
export const wrongRegion = 'WrongRegion'

/** Only an answer that refuses the region of the request names another one. */
function regionOf(error: Error): string | null {
  const region = 'Region' in error ? error.Region : null
  return typeof region === 'string' && /^[a-z0-9-]{1,40}$/i.test(region) ? region : null
}

function kindOf(status: number, code: string): S3FaultKind {
  if (status === 412) return 'precondition'
  if (passingCodes.has(code)) return 'passing'
  if (status === 501 || unsupportedCodes.has(code)) return 'unsupported'
  if (status === 404) return code === 'NoSuchBucket' ? 'lasting' : 'absent'
  if (status === 408 || status === 425 || status === 429 || status >= 500) return 'passing'
  // An answer that was good and could not be read was cut or garbled on its way.
  return status < 300 ? 'passing' : 'lasting'
}

function statusOf(error: Error): number | null {
  const { $metadata, $response } = error as {
    $metadata?: { httpStatusCode?: unknown }
    $response?: { statusCode?: unknown }
  }
  const status = $metadata?.httpStatusCode ?? $response?.statusCode
  return typeof status === 'number' ? status : null
}

function codeOf(error: Error): string {
  if ('code' in error && typeof error.code === 'string') return error.code
  if ('Code' in error && typeof error.Code === 'string') return error.Code
  return error.name
}

/** Answers about keys and signatures quote what was sent. */
function isSecretive(code: string): boolean {
  return /auth|credential|signature|accesskey|token|denied|forbidden/i.test(code)
}

function shown(message: string): string | null {
  const line = message
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\/\/[^/@\s]*@/g, '//')
    .trim()
  if (line === '' || line === 'UnknownError') return null
  return line.length > 200 ? `${line.slice(0, 197)}...` : line
}

/** Thrown where a request failed for good. What it says is for people. */
export class S3Error extends Error {
  readonly fault: S3Fault

  constructor(message: string, fault: S3Fault) {
    super(message)
    this.name = 'S3Error'
    this.fault = fault
  }
}
