import type { Refusal } from '../crawl/index.js'
import type { ImageFetched } from '../filter/index.js'
import { type FetchFailed, type FetchFailure, type FetchOutcome, retryOf } from '../net/index.js'
import type { Permission, RejectReason } from '../records/index.js'
import { type Permitted, permissionOf, refusedBy, type Slots } from './hosts/index.js'

/** One try at an image, as far as it came. */
export interface ImageTry {
  /** Tries of the candidate before this one. */
  readonly attempts: number
  /** null = it did not come to that. */
  readonly permission: Permission | null
  /** When it came so far. */
  readonly now: number
  readonly random: () => number
}

/** Times a candidate may be put back for a host that is not ready. */
const maxDeferrals = 3
/** How long for one whose robots.txt cannot be had; three times as long after each further try. */
const unreachableMs = 2_000
/** Times it may be put back because others are at work on its host's robots.txt, or on its neighbours: that is no fault of the host. */
const maxBusyDeferrals = 10
/**
 * How long for others who ask for robots.txt: twice as long each time. Who asks may have died, and its claim on the file stands for 100 s (claimMs in site-file.ts): all ten
 * waits together outlast it, so that no candidate is lost with a worker.
 */
const busyMs = 1_000
const maxBusyMs = 30_000

const failureReasons: Record<FetchFailure, RejectReason> = {
  bad_url: 'bad_url',
  address_refused: 'address_refused',
  dns: 'dns',
  connection: 'connection',
  tls: 'tls',
  timeout: 'timeout',
  too_large: 'too_large',
  body_cut: 'body_cut',
  encoding: 'encoding',
  headers: 'http_other',
  cancelled: 'timeout',
}

/** Put back for a while, or rejected where that was done `most` times. Pure. */
function later(
  { attempts, permission }: ImageTry,
  reason: RejectReason,
  delayMs: number,
  detail: string,
  most = maxDeferrals,
): ImageFetched {
  return attempts >= most
    ? { kind: 'rejected', reason, detail, permission }
    : { kind: 'deferred', delayMs, reason }
}

/** An image that may not be fetched, now or at all. Pure. */
export function notPermitted(
  permitted: Exclude<Permitted, { kind: 'allowed' }>,
  soFar: ImageTry,
): ImageFetched {
  const { attempts } = soFar
  if (permitted.kind === 'busy') {
    const delayMs = Math.max(permitted.inMs, Math.min(busyMs * 2 ** attempts, maxBusyMs))
    return later(soFar, 'robots_unreachable', delayMs, 'others ask for robots.txt', maxBusyDeferrals)
  }
  const { permission } = permitted
  if (permitted.kind === 'unreachable')
    return later(
      soFar,
      `${refusedBy(permission)}_unreachable`,
      unreachableMs * 3 ** attempts,
      permission.rule,
    )
  if (permitted.kind === 'hopeless')
    return { kind: 'rejected', reason: permitted.reason, detail: permitted.detail, permission }
  return { kind: 'rejected', reason: refusedBy(permission), detail: permission.rule, permission }
}

type NoSlot = Extract<Awaited<ReturnType<Slots['take']>>, { kind: 'later' }>

/** An image whose host has no slot soon. Pure. */
export function noSlot(slot: NoSlot, soFar: ImageTry): ImageFetched {
  return slot.crowded === true
    ? later(soFar, 'host_stalled', slot.inMs, 'too many hosts of its domain or address', maxBusyDeferrals)
    : later(soFar, 'host_stalled', slot.inMs, 'no slot of the host came free')
}

/** An image for which there was no answer. Pure. */
export function notFetched({ reason: failure, detail, lasting }: FetchFailed, soFar: ImageTry): ImageFetched {
  const { attempts, permission, now, random } = soFar
  const reason = failureReasons[failure]
  const retry = retryOf({ failure, lasting: lasting === true }, attempts, now, random)
  if (retry.kind === 'retry') return later(soFar, reason, retry.delayMs, detail)
  return { kind: 'rejected', reason, detail, permission }
}

/** What the answer of `url` comes to; `refusal`: the opt-out in its head, null = none. Pure. */
export function answered(
  url: string,
  { head, body, stopped }: Extract<FetchOutcome, { kind: 'response' }>,
  refusal: Refusal | null,
  soFar: ImageTry,
): ImageFetched {
  const { attempts, permission, now, random } = soFar
  const { status } = head
  if (refusal !== null) {
    const detail = `${refusal.rule}: ${refusal.value}`
    return { kind: 'rejected', reason: 'opt_out', detail, permission: permissionOf(refusal, now) }
  }
  if (status >= 200 && status < 300) return { kind: 'bytes', from: url, bytes: body, stopped, permission }
  const reason = status >= 500 ? 'http_5xx' : status >= 400 ? 'http_4xx' : 'http_other'
  const retryAfter = head.headers['retry-after'] ?? null
  const retry = retryOf({ status, retryAfter }, attempts, now, random)
  if (retry.kind === 'retry') return later(soFar, reason, retry.delayMs, `HTTP ${status}`)
  return { kind: 'rejected', reason, detail: `HTTP ${status}`, permission }
}
