import type { S3Client } from '@aws-sdk/client-s3'
import { type OnAbort, sharedOnAbort } from '../../net/index.js'
import type { S3Location } from '../../records/index.js'
import { keyOf } from '../store-name.js'
import { explain } from './explain.js'
import { faultOf, S3Error, type S3Fault, timeoutFault } from './fault.js'
import { pauseBefore, type S3Pace } from './pace.js'

type Sdk = typeof import('@aws-sdk/client-s3')

/** How a store is reached, as the surroundings say. Credentials are found by the SDK's own chain. */
export interface S3Settings {
  /** null = Amazon's own, or what the AWS profile says. */
  readonly endpoint: string | null
  /** null = what the AWS profile says; at an endpoint of one's own `us-east-1`. */
  readonly region: string | null
  /** The bucket as part of the path and not of the host; null = at an endpoint of one's own only. */
  readonly pathStyle: boolean | null
}

/** One bucket's connection: requests with a deadline each, tried again where the fault may pass. */
export interface S3Link {
  readonly sdk: Sdk
  readonly client: S3Client
  readonly location: S3Location
  readonly pace: S3Pace
  /** How to listen to a signal that is shared by many. */
  readonly onAbort: OnAbort
  /** Bucket and key of one object, for a request. */
  object(name: string): { readonly Bucket: string; readonly Key: string }
  /**
   * Sends one request until it is answered. `send` gets the signal of one try, whose deadline holds for the reading of the
   * answer too. Throws S3Error, or the reason of `signal`.
   */
  call<T>(what: string, send: (signal: AbortSignal) => Promise<T>, options: CallOptions): Promise<T>
}

interface CallOptions {
  readonly signal: AbortSignal
  /** Absent = the pace's own, both. */
  readonly deadlineMs?: number
  readonly tries?: number
}

export async function openLink(location: S3Location, settings: S3Settings, pace: S3Pace): Promise<S3Link> {
  // Loaded where it is used: it takes longer than most commands.
  const sdk = await import('@aws-sdk/client-s3')
  const { endpoint } = settings
  const region = settings.region ?? (endpoint === null ? null : 'us-east-1')
  const client = new sdk.S3Client({
    ...(endpoint === null ? {} : { endpoint }),
    ...(region === null ? {} : { region }),
    forcePathStyle: settings.pathStyle ?? endpoint !== null,
    followRegionRedirects: endpoint === null,
    // Tries are counted here, by the class of the fault.
    maxAttempts: 1,
    // Every write is signed with the SHA-256 of its body, which the store checks; the newer sums not every store knows.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  const onAbort = sharedOnAbort()
  const scene = { url: location.url, bucket: location.bucket, endpoint, region }
  return {
    sdk,
    client,
    location,
    pace,
    onAbort,
    object: (name) => ({ Bucket: location.bucket, Key: keyOf(location, name) }),
    async call(what, send, { signal, deadlineMs = pace.requestMs, tries = pace.tries }) {
      for (let tried = 1; ; tried++) {
        const outcome = await tryOnce(send, signal, deadlineMs, onAbort)
        if ('value' in outcome) return outcome.value
        const pauseMs = pauseBefore(outcome.fault, tried, { ...pace, tries }, Math.random)
        if (pauseMs === null) throw new S3Error(explain(what, outcome.fault, tried, scene), outcome.fault)
        await pause(pauseMs, signal, onAbort)
      }
    },
  }
}

async function tryOnce<T>(
  send: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
  deadlineMs: number,
  onAbort: OnAbort,
): Promise<{ readonly value: T } | { readonly fault: S3Fault }> {
  signal.throwIfAborted()
  const bounded = new AbortController()
  let late = false
  const timer = setTimeout(() => {
    late = true
    bounded.abort(new Error('deadline'))
  }, deadlineMs)
  const deafen = onAbort(signal, () => bounded.abort(signal.reason))
  try {
    // A request that does not heed its signal, in the search for credentials perhaps, is not waited for.
    return { value: await Promise.race([send(bounded.signal), rejectedBy(bounded.signal)]) }
  } catch (error) {
    signal.throwIfAborted()
    if (late) return { fault: timeoutFault }
    const fault = faultOf(error)
    if (fault === null) throw error
    return { fault }
  } finally {
    clearTimeout(timer)
    deafen()
  }
}

async function rejectedBy(signal: AbortSignal): Promise<never> {
  return await new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

async function pause(ms: number, signal: AbortSignal, onAbort: OnAbort): Promise<void> {
  signal.throwIfAborted()
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer)
      deafen()
      resolve()
    }
    const timer = setTimeout(done, ms)
    const deafen = onAbort(signal, done)
  })
  signal.throwIfAborted()
}
