import type { Permission, RejectReason } from '../records/index.js'

/** Looks at the first bytes of a body: `stop` drops the rest. */
export type InspectPrefix = (soFar: Uint8Array) => 'more' | 'enough' | 'stop'

/** Outcome of fetching an image. */
export type ImageFetched =
  | {
      readonly kind: 'bytes'
      /** The URL that gave them, after all redirects. */
      readonly from: string
      readonly bytes: Uint8Array
      readonly stopped: boolean
      readonly permission: Permission | null
    }
  | {
      readonly kind: 'rejected'
      readonly reason: RejectReason
      readonly detail: string | null
      readonly permission: Permission | null
    }
  /** Not now: the host asked for a pause, or has no slot soon. */
  | { readonly kind: 'deferred'; readonly delayMs: number; readonly reason: RejectReason }

/** Fetches one image, politely and with permission; redirects are followed. `attempts`: tries of the candidate before this one. */
export type FetchImage = (
  url: string,
  attempts: number,
  inspect: InspectPrefix,
  signal: AbortSignal,
) => Promise<ImageFetched>
